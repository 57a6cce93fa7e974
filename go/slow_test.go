//go:build linux

package memanalyzer

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// Clients that take their answers slowly, or leave. The clock is synctest's: time passes only while all
// goroutines are blocked. The network is a pipe without a buffer: a write blocks until it is read. A test
// fails if a goroutine is left at its end.

// A listener accepts the connections that are sent to it.
type listener chan net.Conn

func (l listener) Accept() (net.Conn, error) {
	conn, ok := <-l
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l listener) Close() error {
	close(l)
	return nil
}

func (l listener) Addr() net.Addr { return nil }

// A slowClient has sent a request, and does not read the answer.
type slowClient struct {
	net.Conn
	answered chan struct{} // closed when the handler has returned
}

// clients send a request by each protocol, and return when the server has read it.
var clients = map[string]func(conn net.Conn, target string){
	"HTTP/1.1": func(conn net.Conn, target string) {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", target)
	},
	// Reads the headers, and has a flow-control window of 0 bytes for the answer.
	"HTTP/2": func(conn net.Conn, target string) {
		go io.Copy(io.Discard, conn)
		const settings, headers, last, window = 4, 1, 5, 4
		fields := append([]byte{0x82, 0x86, 1, 9}, "localhost"...) // GET, http, :authority
		fields = append(append(fields, 4, byte(len(target))), target...)
		fmt.Fprint(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
		conn.Write(http2Frame(settings, 0, 0, 0, window, 0, 0, 0, 0))
		conn.Write(http2Frame(headers, last, 1, fields...))
	},
}

func http2Frame(kind, flags byte, stream uint32, payload ...byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	return append(binary.BigEndian.AppendUint32(append(head, flags), stream), payload...)
}

// wrapped is a ResponseWriter that a middleware has wrapped.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// askSlowly returns when the handler waits for the client or for its turn.
func askSlowly(t *testing.T, a *Analyzer, protocol, target string, timeout time.Duration) slowClient {
	t.Helper()
	conn, client := net.Pipe()
	l, answered := make(listener, 1), make(chan struct{})
	l <- conn
	server := &http.Server{WriteTimeout: timeout, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(answered)
		if r.Proto[:6] != protocol[:6] {
			t.Errorf("asked by %s, want %s", r.Proto, protocol)
		}
		a.ServeHTTP(wrapped{w}, r)
	})
	go server.Serve(l)
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	clients[protocol](client, target)
	synctest.Wait()
	return slowClient{client, answered}
}

// held returns the number of readings that answers hold. The last reading of each kind, which is kept in
// any case, counts only if an answer holds it.
func held(k *keeper) int32 {
	k.mu.Lock()
	defer k.mu.Unlock()
	held := k.open.Load()
	for _, kept := range k.kept {
		if kept != nil && kept.holders.Load() == 1 {
			held--
		}
	}
	return held
}

// checkHeld fails unless so many readings and large answers are held and no reading is in progress.
func checkHeld(t *testing.T, a *Analyzer, readings, large int32) {
	t.Helper()
	if held(a.own) != readings || a.own.large.Load() != large || len(a.own.turn) != 0 {
		t.Errorf("%d readings are held, %d large answers are under way, %d have the turn; want %d, %d, none",
			held(a.own), a.own.large.Load(), len(a.own.turn), readings, large)
	}
}

// inBubble runs a test for each protocol in a synctest bubble, with an Analyzer that does not
// pause between readings.
func inBubble(t *testing.T, test func(t *testing.T, a *Analyzer, protocol string)) {
	t.Parallel()
	for protocol := range clients {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { test(t, mustNew(t, WithoutMallinfo()), protocol) })
		})
	}
}

// newRegions makes more differences than the buffers of net/http hold.
func newRegions(t *testing.T) {
	t.Helper()
	for i := range 128 {
		m, err := Mmap(os.Getpagesize(), fmt.Sprintf("newRegions %d", i))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		touchPages(m.Bytes())
	}
}

func TestASlowClientHoldsItsReadingForABoundedTime(t *testing.T) {
	inBubble(t, func(t *testing.T, a *Analyzer, protocol string) {
		for _, c := range []struct {
			target  string
			timeout time.Duration // the server's
			large   int32
			want    time.Duration // from the request to the end of the answer
		}{
			{"/?top=100&format=json", 0, 0, time.Minute},
			{"/?top=100&format=json", 10 * time.Second, 0, 10 * time.Second},
			{"/?top=100&format=json", time.Hour, 0, time.Minute},
			{"/?top=101&format=json", 0, 1, 5 * time.Minute},
			{"/?top=all&format=json", 0, 1, 5 * time.Minute},
			{"/?top=all&format=json", 2 * time.Minute, 1, 2 * time.Minute},
			{"/?top=all&format=json", time.Hour, 1, 5 * time.Minute},
			{"/?top=0&format=smaps", 0, 1, 5 * time.Minute},
		} {
			began := time.Now()
			client := askSlowly(t, a, protocol, c.target, c.timeout)
			checkHeld(t, a, 1, c.large)
			checkReport(t, 200, ask(a, "GET", "/").Body.String()) // others get their answers
			<-client.answered
			checkHeld(t, a, 0, 0)
			if took := time.Since(began); took != c.want {
				t.Errorf("%s on a server with %v: ends after %v, want %v", c.target, c.timeout, took, c.want)
			}
		}
	})
}

func TestASlowClientHoldsBothReadingsForABoundedTime(t *testing.T) {
	needOwnProc(t)
	inBubble(t, func(t *testing.T, a *Analyzer, protocol string) {
		for timeout, want := range map[time.Duration]time.Duration{0: largeAnswerTime, time.Second: time.Second} {
			began := time.Now()
			client := askSlowly(t, a, protocol, "/?seconds=300&top=all&format=json", timeout)
			checkHeld(t, a, 1, 1)
			newRegions(t)
			time.Sleep(300 * time.Second)
			synctest.Wait()
			checkHeld(t, a, 2, 1)
			<-client.answered
			checkHeld(t, a, 0, 0)
			if took := time.Since(began); took != 300*time.Second+want {
				t.Errorf("on a server with %v: ends after %v, want 300 s and %v", timeout, took, want)
			}
		}
	})
}

func TestAClientThatLeavesHoldsNothing(t *testing.T) {
	needOwnProc(t)
	inBubble(t, func(t *testing.T, a *Analyzer, protocol string) {
		for _, c := range []struct {
			target string
			wait   time.Duration
			open   int32
		}{
			{"/?top=all&format=json", 0, 1},                 // while the answer is written
			{"/?seconds=300&top=all", 0, 1},                 // between two readings
			{"/?seconds=300&top=all", 300 * time.Second, 2}, // while the differences are written
		} {
			client := askSlowly(t, a, protocol, c.target, 0)
			newRegions(t)
			time.Sleep(c.wait)
			synctest.Wait()
			checkHeld(t, a, c.open, 1)
			leave(t, client)
			checkHeld(t, a, 0, 0)
		}
		a.own.turn <- struct{}{} // another request's
		client := askSlowly(t, a, protocol, "/?top=all", 0)
		leave(t, client)
		<-a.own.turn
		checkHeld(t, a, 0, 0)
	})
}

// leave closes the connection, and fails unless the handler returns at once.
func leave(t *testing.T, client slowClient) {
	t.Helper()
	began := time.Now()
	client.Close()
	<-client.answered
	synctest.Wait() // until no goroutine waits for its turn any more
	if took := time.Since(began); took != 0 {
		t.Errorf("the handler waits %v for a client that has left", took)
	}
}

func TestLargeAnswersAreLimited(t *testing.T) {
	const tooMany = "Too many large answers are under way: ask again.\n"
	large := []string{"/?top=101&format=json", "/?top=all&format=json", "/?format=smaps", "/?seconds=300"}
	inBubble(t, func(t *testing.T, a *Analyzer, protocol string) {
		var slow []slowClient
		for i := range largeAnswersMax {
			slow = append(slow, askSlowly(t, a, protocol, large[i%len(large)], 0))
		}
		checkHeld(t, a, largeAnswersMax, largeAnswersMax)
		for _, target := range large {
			w := ask(a, "GET", target)
			checkRefusal(t, w, http.StatusServiceUnavailable, tooMany)
			if w.Header().Get("Retry-After") != "1" {
				t.Errorf("%s: %v", target, w.Header())
			}
		}
		checkReport(t, 200, ask(a, "GET", "/?top=100").Body.String())
		for _, client := range slow {
			<-client.answered
		}
		checkHeld(t, a, 0, 0)
		checkReport(t, 200, ask(a, "GET", "/?top=all").Body.String())
	})
}
