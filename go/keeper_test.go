//go:build linux && cgo

package memanalyzer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// How often a process reads itself, counted. The time is synctest's: a reading takes as
// long as a test says.

// counted has a keeper's readings take so long, and counts them.
func counted(k *keeper, took time.Duration) *atomic.Int32 {
	var readings atomic.Int32
	k.rest = restAfter
	k.read = func(ctx context.Context, o readOptions) (timedReading, error) {
		readings.Add(1)
		began := time.Now()
		time.Sleep(took)
		r, err := readSelf(context.WithoutCancel(ctx), o) // what was begun ends
		r.began, r.cost = began, time.Since(began)
		return r, err
	}
	return &readings
}

// withReadings runs a test with an Analyzer whose readings take so long.
func withReadings(t *testing.T, took time.Duration, test func(t *testing.T, a *Analyzer, readings *atomic.Int32)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := mustNew(t, WithoutMallinfo())
		test(t, a, counted(a.own, took))
	})
}

// anyTarget is what client i asks for, each something else that one reading has.
func anyTarget(i int) string {
	pick := func(of []string) string { return of[i%len(of)] }
	return fmt.Sprintf("/?source=smaps&top=%d&sort=%s&unit=%s&format=%s", i%101, pick(names.sorts), pick(names.units), pick([]string{"text", "json", "openmetrics"}))
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

// A thousand clients in two minutes: who comes when the budget has it is answered with a
// new reading, and whoever comes meanwhile with that.
func TestAThousandClientsOneByOneAreReadForAHundredthOfTheTime(t *testing.T) {
	const took, apart = 50 * time.Millisecond, 120 * time.Millisecond
	withReadings(t, took, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		began, read, want := time.Now(), time.Time{}, int32(0)
		for i := range 1000 {
			time.Sleep(time.Until(began.Add(time.Duration(i) * apart)))
			if !time.Now().Before(read.Add(restTimes * took)) {
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
			t.Errorf("reading took %v of %v", reading, all)
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
		if r, err := a.Report(t.Context(), Sort("size"), Top(7)); err != nil || r.Age != 3700*time.Millisecond || len(r.Regions) != 7 {
			t.Errorf("Report: %v, %+v", err, r)
		}
		checkReadings(t, readings, 1)
	})
}

// A kept reading gives of every order what a reading in that order has.
func TestAKeptReadingHasEveryOrder(t *testing.T) {
	for _, name := range captures(t) {
		kept, err := parse(strings.NewReader(readFile(t, testdata+name)), readOptions{top: keptTop, everySort: true})
		if err != nil {
			t.Fatal(err)
		}
		for sort := range uint64(len(names.sorts)) {
			for _, top := range []uint64{0, 1, 20, keptTop} {
				own, err := parse(strings.NewReader(readFile(t, testdata+name)), readOptions{top: top, sort: sort})
				if err != nil {
					t.Fatal(err)
				}
				for form := range uint64(len(names.forms)) {
					f := rendering{Form: form, Unit: form, Top: top, Sort: sort}
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

// A reading of all fields answers scrapes, too; a scan nothing else. Who asks for what was not
// read for a minute need not wait for what scrapes have spent, which pay for it.
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

// What wants a reading of its own, and when it is to be had after one.
func TestWhatSpendsTheBudget(t *testing.T) {
	own := []string{"gc=1", "seconds=1", "format=smaps", "top=101", "top=all", "gc=1&top=3"}
	for _, c := range []struct {
		took, wait, fresh time.Duration
	}{
		{time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond},
		{50 * time.Millisecond, 5 * time.Second, time.Second},
		{500 * time.Millisecond, 50 * time.Second, 5 * time.Second},
		{time.Second, restMax, 10 * time.Second},
		{10 * time.Second, restMax, restMax},
	} {
		for _, query := range append(own, "fresh=1", "fresh=1&top=all", "fresh=0", "gc=0&top=100") {
			withReadings(t, c.took, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
				ask(a, "GET", "/")
				wait := c.wait
				switch {
				case strings.HasPrefix(query, "fresh=1"):
					wait = c.fresh
				case strings.Contains(query, "=0"):
					wait = 0
				}
				for left := wait; left > 0; left -= min(left, 700*time.Millisecond) {
					w := ask(a, "GET", "/?"+query)
					seconds := int(math.Ceil(left.Seconds()))
					checkRefusal(t, w, http.StatusServiceUnavailable, fmt.Sprintf(budgetSpent, seconds)+"\n")
					if got := w.Header().Get("Retry-After"); got != fmt.Sprint(seconds) {
						t.Errorf("%v before a reading: Retry-After is %s, want %d", left, got, seconds)
					}
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

// Who comes when he was told to gets a reading of his own, however often others come.
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
					if least := int(all / (6*restTimes*took + 6*time.Second)); answered < least {
						t.Errorf("%s: answered %d times, want %d, where a reading takes %v", target, answered, least, took)
					}
				})
			}
			clients.Wait()
		})
	}
}

// The second of two readings is not refused, and is paid for after.
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
		ask(a, "GET", "/") // there was none that could be kept
		checkReadings(t, readings, 3)
	})
}

func TestReportWithoutABudget(t *testing.T) {
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

// A client that leaves ends nobody's reading; what nobody waits for any more is kept.
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
		all.Go(func() { client(gone, 0, http.StatusServiceUnavailable) }) // has the reading begin
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
			t.Errorf("clients that have left are waited for %v", took)
		}
		stay.Wait()
		checkReadings(t, readings, 1)

		time.Sleep(restMax)
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

// Nobody waits longer than readBound, and who comes later has what there was.
func TestAReadingThatDoesNotEnd(t *testing.T) {
	const tooLong = "Another reading took too long: ask again.\n"
	withReadings(t, time.Hour, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		for range 3 { // of which two wait for their turn
			began := time.Now()
			var clients sync.WaitGroup
			for i := range 100 {
				clients.Go(func() {
					checkRefusal(t, ask(a, "GET", anyTarget(i)), http.StatusServiceUnavailable, tooLong)
				})
			}
			clients.Wait()
			if took := time.Since(began); took != readBound {
				t.Errorf("clients wait %v, want %v", took, readBound)
			}
		}
		checkReadings(t, readings, 1)
		time.Sleep(time.Hour - 3*readBound + 30*time.Second) // it ends all the same
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "30" {
			t.Errorf("Age is %s, want 30", age)
		}
		time.Sleep(time.Minute)
		go ask(a, "GET", "/?gc=1")
		time.Sleep(time.Minute)
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "210" { // after readBound
			t.Errorf("Age is %s, want 210", age)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		checkReadings(t, readings, 2)
	})
}

// A panic inside is an error for all who wait, and for who asks before the next reading
// where there is none.
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

		time.Sleep(restMax)
		a.own.read = good
		ask(a, "GET", "/")
		time.Sleep(restMax)
		a.own.read = func(context.Context, readOptions) (timedReading, error) { panic(1) }
		checkRefusal(t, ask(a, "GET", "/?gc=1"), http.StatusInternalServerError, "memanalyzer: the reading panicked: \"1\"\n")
		time.Sleep(time.Second)
		a.own.read = good
		checkReport(t, http.StatusOK, ask(a, "GET", "/").Body.String())
	})
}

// Who asks while another's reading is made, which is no use to him, gets the last.
func TestWhoAsksWhileAnotherReads(t *testing.T) {
	withReadings(t, 100*time.Millisecond, func(t *testing.T, a *Analyzer, readings *atomic.Int32) {
		ask(a, "GET", "/")
		time.Sleep(20 * time.Second)
		var others sync.WaitGroup
		for range 2 { // of which one is too late
			others.Go(func() { ask(a, "GET", "/?top=all") })
		}
		synctest.Wait()
		began := time.Now()
		if age := ask(a, "GET", "/").Header().Get("Age"); age != "20" || time.Since(began) != 0 {
			t.Errorf("Age is %s after %v, want 20 at once", age, time.Since(began))
		}
		others.Wait()
		checkReadings(t, readings, 2)
		checkHeld(t, a, 0, 0)
	})
}

func TestSlowClientsHoldAFewReadings(t *testing.T) {
	inBubble(t, func(t *testing.T, a *Analyzer, protocol string) {
		var slow []slowClient
		for range 2 * keptMax {
			slow = append(slow, askSlowly(t, a, protocol, "/?top=100&format=json", 0))
			time.Sleep(time.Second)
		}
		if got := a.own.small.Load(); got != keptMax {
			t.Errorf("%d readings are held, want %d", got, keptMax)
		}
		w := ask(a, "GET", "/")
		if age := w.Header().Get("Age"); w.Code != http.StatusOK || age != fmt.Sprint(keptMax+1) {
			t.Errorf("%d, Age %s, want %d", w.Code, age, keptMax+1)
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

// All that reads in a process has one budget, but Read.
func TestOneBudgetAProcess(t *testing.T) {
	alone(t, func() {
		readings := counted(process, 0)
		process.rest = func(time.Duration) (next, nextFresh time.Duration) { return time.Hour, time.Hour }
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
				checkRefusal(t, ask(h, "GET", "/?gc=1"), http.StatusServiceUnavailable, fmt.Sprintf(budgetSpent, 60)+"\n")
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
