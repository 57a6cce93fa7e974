package memanalyzer

import (
	"net/http"
	"time"
)

// Slow clients: how much memory they can hold, and for how long. An answer holds its reading
// until it is written, but not the turn to read.

// largeAnswersMax bounds the large answers in progress. One begins per pause at the most, so
// only clients that receive slowly, or wait for seconds=N, can hold so many. Each has 300 bytes
// per mapping, or 1 kB for differences and saved captures.
const largeAnswersMax = 8

// How long a client may take to receive its answer, unless the server's WriteTimeout is shorter.
const (
	answerTime      = time.Minute
	largeAnswerTime = 5 * time.Minute
)

// isLarge reports whether an answer holds a reading that is not shared, or two.
func (q query) isLarge() bool {
	return q.read.isLarge() || q.wait > 0
}

// setDeadline makes writing fail if the client has not received its answer in time, counted from
// the end of a wait. net/http resets the deadline when the handler returns. If a middleware has
// wrapped w in a writer without Unwrap, only the server's own deadline is in force.
func (q query) setDeadline(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	most := answerTime
	if q.isLarge() {
		most = largeAnswerTime
	}
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if ok && server.WriteTimeout > 0 {
		most = min(most, server.WriteTimeout)
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + most))
}
