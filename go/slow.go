package memanalyzer

import (
	"net/http"
	"time"
)

// How much clients that take their answers slowly can hold, and for how long. An answer
// holds its reading until it is written, but not the turn to read.

// How many large ones can be under way at a time. Each holds some 300 bytes a mapping,
// and up to 1 kB where it is of differences or a saved capture; any other answer as
// much as a kept reading.
const largeAnswersMax = 8

// How long a client can take from when the reading is made, where the server's own
// WriteTimeout is not shorter.
const (
	answerTime      = time.Minute
	largeAnswerTime = 5 * time.Minute
)

// isLarge says whether an answer holds as many regions as there are, or their text.
func (q query) isLarge() bool {
	return q.read.isLarge() || q.wait > 0
}

// setDeadline gives the client its time from the end of a wait on, after which writing
// fails. net/http takes it back when the handler has returned. Where a middleware's
// writer has no Unwrap, there is no deadline but the server's.
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
