package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fault is something that goes wrong on demand.
type Fault string

// The faults there are. Limit, ServerError and SessionExpired are answered in the protocol's own words; nothing happens then.
const (
	Limit          Fault = "limit"         // called too often
	ServerError    Fault = "error"         // the marketplace's own fault, worth a retry
	SessionExpired Fault = "session"       // the shop must be authorised again
	Timeout        Fault = "timeout"       // nothing happens and no answer comes
	TimeoutAfter   Fault = "timeout-after" // it happens, but the answer is lost
	HTML           Fault = "html"          // nothing happens; a page comes instead
	Truncated      Fault = "truncated"     // it happens; half of the answer comes
)

// AllFaults lists them.
func AllFaults() []Fault {
	return []Fault{Limit, ServerError, SessionExpired, Timeout, TimeoutAfter, HTML, Truncated}
}

// Faults are the ones still to come. They are not kept over a restart.
type Faults struct {
	mu      sync.Mutex
	pending []planned
}

type planned struct {
	method string
	fault  Fault
	times  int
}

// Add plans a fault for the next calls of a method; "" or "*" stands for any method.
func (f *Faults) Add(method string, fault Fault, times int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = append(f.pending, planned{method, fault, times})
}

// Clear forgets all that was planned.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pending = nil
}

// Take says what shall happen to this call; "" for nothing.
func (f *Faults) Take(method string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.pending {
		p := &f.pending[i]
		if p.method != "" && p.method != "*" && !strings.EqualFold(p.method, method) {
			continue
		}
		fault := p.fault
		if p.times--; p.times <= 0 {
			f.pending = slices.Delete(f.pending, i, i+1)
		}
		return fault
	}
	return ""
}

// Answer is what a protocol says to one call. Outcome is for the call log: ok, or the error's code.
type Answer struct {
	Type    string
	Body    []byte
	Outcome string
}

// Respond answers one call of a method that the protocol has already let in: normally as handle says, else as the fault planned for it
// wants. refuse words the faults that are the protocol's own. The call is logged.
func (s *State) Respond(w http.ResponseWriter, r *http.Request, method string, refuse func(Fault) Answer, handle func() Answer) {
	fault := s.Faults.Take(method)
	var a Answer
	switch fault {
	case Limit, ServerError, SessionExpired:
		a = refuse(fault)
	case Timeout:
		s.Calls.Add(method, string(fault))
		s.hold(r)
	case TimeoutAfter:
		s.Calls.Add(method, string(fault)+" "+handle().Outcome)
		s.hold(r)
	case HTML:
		a = Answer{Type: "text/html; charset=utf-8", Body: []byte("<html><body><h1>502 Bad Gateway</h1></body></html>"), Outcome: string(fault)}
	default:
		a = handle()
	}
	if fault == Truncated {
		a.Body, a.Outcome = a.Body[:len(a.Body)/2], string(fault)+" "+a.Outcome
	}
	s.Calls.Add(method, a.Outcome)
	w.Header().Set("Content-Type", a.Type)
	_, _ = w.Write(a.Body) // the caller may be gone
}

// hold waits until the caller gives up, then cuts the line. The request's body must have been read, else nobody notices.
func (s *State) hold(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(s.cfg.Hold):
	}
	panic(http.ErrAbortHandler)
}

// Calls is the log of the last calls; it holds no parameters, so no secrets.
type Calls struct {
	mu   sync.Mutex
	ring []Call
	next int
	now  func() time.Time
}

// Call is one entry of the log.
type Call struct {
	At      time.Time `json:"at"`
	Method  string    `json:"method"`
	Outcome string    `json:"outcome"`
}

const keptCalls = 2000

// Add appends to the log; the oldest entry falls out when it is full.
func (c *Calls) Add(method, outcome string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry := Call{c.now(), clip(method), clip(outcome)}
	if len(c.ring) < keptCalls {
		c.ring = append(c.ring, entry)
		return
	}
	c.ring[c.next] = entry
	c.next = (c.next + 1) % keptCalls
}

// All lists the log, oldest first.
func (c *Calls) All() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append(slices.Clone(c.ring[c.next:]), c.ring[:c.next]...)
}

func clip(s string) string {
	if len(s) > 120 {
		return strings.ToValidUTF8(s[:120], "")
	}
	return s
}
