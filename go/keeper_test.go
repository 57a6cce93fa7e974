//go:build linux

package memanalyzer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/memanalyzer/csrc/core"
)

// How often a process reads itself. The clock is synctest's, and a reading takes as long as a test
// says.

// counted makes a keeper's readings take a fixed time, and counts them.
func counted(k *keeper, took time.Duration) *atomic.Int32 {
	var readings atomic.Int32
	k.factor = pauseFactor
	k.read = func(ctx context.Context, o readOptions) (timedReading, error) {
		readings.Add(1)
		began := time.Now()
		time.Sleep(took)
		r, err := readSelf(context.WithoutCancel(ctx), o) // a reading that has begun is finished
		r.began, r.cost = began, time.Since(began)
		return r, err
	}
	return &readings
}

// withReadings runs a test with an Analyzer whose readings take a fixed time.
func withReadings(t *testing.T, took time.Duration, test func(t *testing.T, a *Analyzer, readings *atomic.Int32)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := mustNew(t, WithoutMallinfo())
		test(t, a, counted(a.own, took))
	})
}

// anyTarget returns a different target for each i, all of which one reading can answer.
func anyTarget(i int) string {
	pick := func(of []string) string { return of[i%len(of)] }
	return fmt.Sprintf("/?source=smaps&top=%d&sort=%s&unit=%s&format=%s", i%101, pick(names.Sorts), pick(names.Units), pick([]string{"text", "json", "openmetrics"}))
}

func checkReadings(t *testing.T, readings *atomic.Int32, want int32) {
	t.Helper()
	if got := readings.Load(); got != want {
		t.Errorf("%d readings, want %d", got, want)
	}
}

func TestAThousandClientsAtOnceAreOneReading(t *testing.T) {
	withReadings(t, time.Second, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		var clients sync.WaitGroup
		for i := range 1000 {
			clients.Go(func() {
				if w := ask(a, "GET", anyTarget(i)); w.Code != http.StatusOK || w.Header().Get("Age") != "0" {
					t.Errorf("%s: %d, %v", anyTarget(i), w.Code, w.Header())
				}
			})
		}
		clients.Wait()
		checkReadings(t, readings, 1)
		checkHeld(t, a, 0, 0)
	})
}

// A thousand clients in two minutes: the first one after a pause gets a new reading, and the
// others share it.
func TestAThousandClientsOneByOneTakeAHundredthOfTheTime(t *testing.T) {
	const took, apart = 50 * time.Millisecond, 120 * time.Millisecond
	withReadings(t, took, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		began, read, want := time.Now(), time.Time{}, int32(0)
		for i := range 1000 {
			time.Sleep(time.Until(began.Add(time.Duration(i) * apart)))
			if !time.Now().Before(read.Add(pauseFactor * took)) {
				read = time.Now().Add(took)
				want++
			}
			w := ask(a, "GET", anyTarget(i))
			if age := fmt.Sprint(int(time.Since(read).Seconds())); w.Code != http.StatusOK || w.Header().Get("Age") != age {
				t.Errorf("%s: %d, %v, want Age %s", anyTarget(i), w.Code, w.Header(), age)
			}
		}
		checkReadings(t, readings, want)
		if reading, all := time.Duration(want)*took, time.Since(began); reading > all/100+took {
			t.Errorf("readings took %v of %v", reading, all)
		}
	})
}

func TestAKeptReadingSaysItsAge(t *testing.T) {
	withReadings(t, 100*time.Millisecond, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		ask(a, "GET", "/")
		time.Sleep(3700 * time.Millisecond)
		for target, want := range map[string]string{
			"/?format=json":        `"age_seconds": 3.700000000`,
			"/?format=openmetrics": "memanalyzer_age_seconds 3.700000000",
		} {
			if w := ask(a, "GET", target); w.Header().Get("Age") != "3" || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %v, want Age 3, and %q in\n%s", target, w.Header(), want, w.Body)
			}
		}
		if text, err := a.OpenMetrics(t.Context()); err != nil || !strings.Contains(string(text), "memanalyzer_age_seconds 3.700000000") {
			t.Errorf("OpenMetrics: %v\n%s", err, text)
		}
		if r, err := a.Report(t.Context(), SortBy(SortSize), Top(7)); err != nil || r.Age != 3700*time.Millisecond || len(r.Regions) != 7 {
			t.Errorf("Report: %v, %+v", err, r)
		}
		checkReadings(t, readings, 1)
	})
}

// In every order, a kept reading has the regions that a reading in that order has.
func TestAKeptReadingHasEveryOrder(t *testing.T) {
	for _, name := range captures(t) {
		kept, err := parse(strings.NewReader(readFile(t, testdata+name)), readOptions{top: keptTop, everySort: true})
		if err != nil {
			t.Fatal(err)
		}
		for sort := range uint32(len(names.Sorts)) {
			for _, top := range []uint64{0, 1, 20, keptTop} {
				own, err := parse(strings.NewReader(readFile(t, testdata+name)), readOptions{top: top, sort: sort})
				if err != nil {
					t.Fatal(err)
				}
				for form := range uint32(len(names.Formats)) {
					f := core.OutputOptions{Format: form, Unit: form, Top: top, Sort: sort}
					if got, want := wholeText(kept, f, 16*kib), wholeText(own, f, 16*kib); got != want {
						t.Errorf("%s: %+v: %s", name, f, firstDifference(got, want))
					}
				}
				own.Close()
			}
		}
		kept.Close()
	}
}

// A reading of smaps answers scrapes, too; a scan answers nothing else. A report that is a minute
// old is renewed although scrapes have spent the budget; later scrapes wait for longer.
func TestKindsOfReadingsShareTheBudget(t *testing.T) {
	withReadings(t, 500*time.Millisecond, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		began := time.Now()
		for _, c := range []struct {
			at       time.Duration
			target   string
			readings int32
			age      string
		}{
			{0, "/", 1, "0"},
			{10 * time.Second, "/?format=openmetrics", 1, "9"},
			{51 * time.Second, "/?format=openmetrics", 2, "0"},
			{52 * time.Second, "/?source=scan", 2, "0"},
			{53 * time.Second, "/", 2, "52"},
			{61 * time.Second, "/", 3, "0"},
			{62 * time.Second, "/?format=openmetrics", 3, "0"},
			{63 * time.Second, "/?format=openmetrics&source=scan", 3, "11"},
			{100 * time.Second, "/?format=openmetrics", 3, "38"},
			{120 * time.Second, "/?format=openmetrics", 3, "58"}, // at 101.5 without the third
			{122 * time.Second, "/?format=openmetrics", 4, "0"},
		} {
			time.Sleep(time.Until(began.Add(c.at)))
			w := ask(a, "GET", c.target)
			if got := readings.Load(); w.Code != http.StatusOK || w.Header().Get("Age") != c.age || got != c.readings {
				t.Errorf("%s at %v: %d, Age %s, %d readings; want Age %s, %d", c.target, c.at, w.Code, w.Header().Get("Age"), got, c.age, c.readings)
			}
		}
	})
}

// Which requests need their own reading, and how long they are refused after another one.
func TestTheBudgetRefusesOwnReadings(t *testing.T) {
	own := []string{"gc=1", "seconds=1", "format=smaps", "top=101", "top=all", "gc=1&top=3", "fresh=1", "fresh=1&top=all"}
	shared := []string{"fresh=0", "gc=0&top=100"}
	for took, pause := range map[time.Duration]time.Duration{
		time.Millisecond:       100 * time.Millisecond,
		50 * time.Millisecond:  5 * time.Second,
		500 * time.Millisecond: 50 * time.Second,
		time.Second:            time.Minute,
		10 * time.Second:       time.Minute,
	} {
		for _, query := range append(own, shared...) {
			withReadings(t, took, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
				ask(a, "GET", "/")
				wait := pause
				if slices.Contains(shared, query) {
					wait = 0
				}
				for left := wait; left > 0; left -= min(left, 700*time.Millisecond) {
					checkBudgetSpent(t, ask(a, "GET", "/?"+query), int(math.Ceil(left.Seconds())))
					time.Sleep(min(left, 700*time.Millisecond))
				}
				checkReadings(t, readings, 1)
				if w := ask(a, "GET", "/?"+query); w.Code != http.StatusOK || w.Header().Get("Age") != "0" {
					t.Errorf("after %v, %s: %d %v", wait, query, w.Code, w.Header())
				}
			})
		}
	}
}

func checkBudgetSpent(t *testing.T, w *httptest.ResponseRecorder, seconds int) {
	t.Helper()
	checkRefusal(t, w, http.StatusServiceUnavailable, fmt.Sprintf(budgetSpent, seconds)+"\n")
	if got := w.Header().Get("Retry-After"); got != fmt.Sprint(seconds) {
		t.Errorf("Retry-After is %s, want %d", got, seconds)
	}
}

// A client that returns after Retry-After gets a reading of its own, however often others come.
func TestNobodyIsStarved(t *testing.T) {
	const all = 4 * time.Minute
	for _, took := range []time.Duration{5 * time.Millisecond, 100 * time.Millisecond} {
		withReadings(t, took, func(t *testing.T, a *Analyzer, _ *atomic.Int32) {
			end := time.Now().Add(all)
			var clients sync.WaitGroup
			for _, target := range []string{"/", "/?fresh=1", "/?top=all", "/?gc=1"} {
				clients.Go(func() {
					answered := 0
					for time.Now().Before(end) {
						rest := 370 * time.Millisecond
						switch w := ask(a, "GET", target); w.Code {
						case http.StatusOK:
							answered++
						default:
							seconds, _ := time.ParseDuration(w.Header().Get("Retry-After") + "s")
							rest = max(seconds, rest)
						}
						time.Sleep(rest)
					}
					if least := int(all / (6*pauseFactor*took + 6*time.Second)); answered < least {
						t.Errorf("%s: answered %d times, want %d, if a reading takes %v", target, answered, least, took)
					}
				})
			}
			clients.Wait()
		})
	}
}

// After a pause of a minute, each kept reading is stale. A refused client comes first even then.
func TestARefusedClientComesBeforeStaleReadings(t *testing.T) {
	withReadings(t, time.Second, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		ask(a, "GET", "/")
		checkBudgetSpent(t, ask(a, "GET", "/?top=all"), 60)
		time.Sleep(pauseMax + time.Second/2)
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "60" {
			t.Errorf("Age is %s, want 60: the reading is another client's", age)
		}
		if w := ask(a, "GET", "/?top=all"); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		checkReadings(t, readings, 2)
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "0" { // stale, and nobody was refused since
			t.Errorf("Age is %s, want 0", age)
		}
	})
}

// A client that was refused and does not return delays others for the courtesy only.
func TestCourtesyEnds(t *testing.T) {
	withReadings(t, 10*time.Millisecond, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		ask(a, "GET", "/")
		checkBudgetSpent(t, ask(a, "GET", "/?gc=1"), 1)
		time.Sleep(time.Second + courtesy - time.Millisecond)
		ask(a, "GET", "/")
		checkReadings(t, readings, 1)
		time.Sleep(time.Millisecond)
		ask(a, "GET", "/")
		checkReadings(t, readings, 2)
		time.Sleep(time.Second)
		ask(a, "GET", "/")
		checkReadings(t, readings, 3)
	})
}

// The second of two readings is not refused. Both are paid for afterwards.
func TestDifferencesSpendForBothReadings(t *testing.T) {
	withReadings(t, 100*time.Millisecond, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		if w := ask(a, "GET", "/?seconds=5"); w.Code != http.StatusOK {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		checkReadings(t, readings, 2)
		w := ask(a, "GET", "/?top=all")
		if got := w.Header().Get("Retry-After"); w.Code != http.StatusServiceUnavailable || got != "15" { // 10 - 5.1 + 10
			t.Errorf("%d, Retry-After %s, want 15", w.Code, got)
		}
		ask(a, "GET", "/") // there is no kept reading
		checkReadings(t, readings, 3)
	})
}

func TestReportBeyondTheBudget(t *testing.T) {
	withReadings(t, 20*time.Millisecond, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		if _, err := a.Report(t.Context(), Top(All)); err != nil {
			t.Error(err)
		}
		_, err := a.Report(t.Context(), Top(All))
		var spent *BudgetError
		if !errors.As(err, &spent) || spent.Wait != 2*time.Second {
			t.Errorf("%v, want a *BudgetError of 2 s", err)
		}
		if _, err := Read(t.Context(), Top(All)); err != nil {
			t.Errorf("Read: %v", err)
		}
		checkReadings(t, readings, 1)
	})
}

// A client that leaves does not end a reading. If all leave, the reading is kept.
func TestClientsThatLeave(t *testing.T) {
	withReadings(t, 10*time.Second, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		gone, leave := context.WithCancel(t.Context())
		var all, stay sync.WaitGroup
		client := func(ctx context.Context, i, want int) {
			w := httptest.NewRecorder()
			a.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", anyTarget(i), nil))
			if w.Code != want {
				t.Errorf("client %d is answered %d %s", i, w.Code, w.Body)
			}
		}
		all.Go(func() { client(gone, 0, http.StatusServiceUnavailable) }) // begins the reading
		synctest.Wait()
		for i := range 1000 {
			all.Go(func() { client(gone, i, http.StatusServiceUnavailable) })
			stay.Go(func() { client(t.Context(), i, http.StatusOK) })
		}
		time.Sleep(time.Second)
		leave()
		began := time.Now()
		all.Wait()
		if took := time.Since(began); took != 0 {
			t.Errorf("clients that have left wait %v", took)
		}
		stay.Wait()
		checkReadings(t, readings, 1)

		time.Sleep(pauseMax)
		alone, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		client(alone, 0, http.StatusServiceUnavailable)
		time.Sleep(19 * time.Second)
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "10" {
			t.Errorf("Age is %s, want 10", age)
		}
		checkReadings(t, readings, 2)
		checkHeld(t, a, 0, 0)
	})
}

// Nobody waits for longer than patience; then clients get the kept reading, however old.
func TestAReadingThatDoesNotEnd(t *testing.T) {
	const tooLong = "Another reading took too long: ask again.\n"
	withReadings(t, time.Hour, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		for range 3 {
			began := time.Now()
			var clients sync.WaitGroup
			for i := range 100 {
				clients.Go(func() {
					checkRefusal(t, ask(a, "GET", anyTarget(i)), http.StatusServiceUnavailable, tooLong)
				})
			}
			clients.Wait()
			if took := time.Since(began); took != patience {
				t.Errorf("clients wait %v, want %v", took, patience)
			}
		}
		checkReadings(t, readings, 1)
		time.Sleep(time.Hour - 3*patience + 30*time.Second) // until after its end
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "30" {
			t.Errorf("Age is %s, want 30", age)
		}
		time.Sleep(time.Minute)
		go ask(a, "GET", "/?gc=1")
		time.Sleep(time.Minute)
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "210" { // after patience
			t.Errorf("Age is %s, want 210", age)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		checkReadings(t, readings, 2)
	})
}

// A panic is an error for all clients that wait, and, if there is no kept reading, for those that
// come during the pause.
func TestAReadingThatPanics(t *testing.T) {
	withReadings(t, time.Second, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		good := a.own.read
		a.own.read = func(ctx context.Context, o readOptions) (timedReading, error) {
			r, _ := good(ctx, o)
			r.Close()
			panic("it\nbroke")
		}
		const broke = `memanalyzer: the reading panicked: "it\nbroke"` + "\n"
		var clients sync.WaitGroup
		for i := range 1000 {
			clients.Go(func() { checkRefusal(t, ask(a, "GET", anyTarget(i)), http.StatusInternalServerError, broke) })
		}
		clients.Wait()
		checkRefusal(t, ask(a, "GET", "/"), http.StatusInternalServerError, broke)
		checkReadings(t, readings, 1)
		checkHeld(t, a, 0, 0)

		time.Sleep(pauseMax)
		a.own.read = good
		ask(a, "GET", "/")
		time.Sleep(pauseMax)
		a.own.read = func(context.Context, readOptions) (timedReading, error) { panic(1) }
		checkRefusal(t, ask(a, "GET", "/?gc=1"), http.StatusInternalServerError, "memanalyzer: the reading panicked: \"1\"\n")
		time.Sleep(time.Second)
		a.own.read = good
		checkReport(t, http.StatusOK, ask(a, "GET", "/").Body.String())
	})
}

// During a pause, clients get the kept reading at once, even if another reading is in progress.
func TestThePauseOfADifference(t *testing.T) {
	withReadings(t, 100*time.Millisecond, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		ask(a, "GET", "/")
		time.Sleep(20 * time.Second)
		var other sync.WaitGroup
		other.Go(func() { ask(a, "GET", "/?seconds=5") })
		time.Sleep(5*time.Second + 150*time.Millisecond) // in the middle of the second reading
		began := time.Now()
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "25" || time.Since(began) != 0 {
			t.Errorf("Age is %s after %v, want 25 at once", age, time.Since(began))
		}
		other.Wait()
		checkReadings(t, readings, 3)
	})
}

// Otherwise clients wait for the reading in progress. One that can be shared answers them all; after
// one that cannot, the budget is spent, and they get the kept reading.
func TestClientsWaitForTheReadingInProgress(t *testing.T) {
	for _, c := range []struct{ first, age string }{{"/?top=all", "20"}, {"/?gc=1", "0"}, {"/", "0"}} {
		withReadings(t, 100*time.Millisecond, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
			ask(a, "GET", "/")
			time.Sleep(20 * time.Second)
			var others sync.WaitGroup
			others.Go(func() { ask(a, "GET", c.first) })
			synctest.Wait()
			others.Go(func() { checkBudgetSpent(t, ask(a, "GET", "/?top=all"), 10) }) // comes second
			began := time.Now()
			age := ask(a, "GET", "/").Header().Get("Age")
			if took := time.Since(began); age != c.age || took != 100*time.Millisecond {
				t.Errorf("after %s: Age is %s after %v, want %s after 100ms", c.first, age, took, c.age)
			}
			others.Wait()
			checkReadings(t, readings, 2)
			checkHeld(t, a, 0, 0)
		})
	}
}

func TestSlowClientsHoldAFewReadings(t *testing.T) {
	inBubble(t, func(t *testing.T, a *Analyzer, protocol string) {
		var slow []slowClient
		for range 2 * openMax {
			slow = append(slow, askSlowly(t, a, protocol, "/?top=100&format=json", 0))
			time.Sleep(time.Second)
		}
		if got := a.own.open.Load(); got != openMax {
			t.Errorf("%d readings are open, want %d", got, openMax)
		}
		w := ask(a, "GET", "/")
		if age := w.Header().Get("Age"); w.Code != http.StatusOK || age != fmt.Sprint(openMax+1) {
			t.Errorf("%d, Age %s, want %d", w.Code, age, openMax+1)
		}
		checkRefusal(t, ask(a, "GET", "/?gc=1"), http.StatusServiceUnavailable, fmt.Sprintf(budgetSpent, 1)+"\n")
		for _, client := range slow {
			<-client.answered
		}
		checkHeld(t, a, 0, 0)
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "0" {
			t.Errorf("Age is %s, want 0", age)
		}
	})
}

// A process has one budget for everything except Read.
func TestOneBudgetAProcess(t *testing.T) {
	alone(t, func() {
		readings := counted(process, 0)
		process.factor = 1 << 30 // a pause of pauseMax
		a := new(Analyzer)
		other, err := New(WithoutAddresses(), WithoutMallinfo())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			for i, h := range []http.Handler{http.HandlerFunc(MemoryProfileHandler), a, other} {
				if w := ask(h, "GET", anyTarget(i)); w.Code != http.StatusOK {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				// How many seconds are left depends on the machine.
				words, _, _ := strings.Cut(fmt.Sprintf(budgetSpent, 60), "60")
				if w := ask(h, "GET", "/?gc=1"); w.Code != http.StatusServiceUnavailable || !strings.HasPrefix(w.Body.String(), words) {
					t.Errorf("%d %q, want %d %q", w.Code, w.Body, http.StatusServiceUnavailable, words)
				}
			}
			if _, err := other.OpenMetrics(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := a.Report(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := Read(t.Context()); err != nil {
				t.Error(err)
			}
		}
		checkReadings(t, readings, 1)
	})
}
