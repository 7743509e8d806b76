package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/coder/websocket"
)

// change is an event as a subscriber is told it.
type change struct {
	ID, Cursor, AggregateID string
	Sequence                int
	OnHand                  *int
}

// subscriber follows the log over lines that are cut. Its lines are its own; what it has seen is for others once it has ended.
type subscriber struct {
	*fleet
	name     string
	document string
	start    string // the cursor it begins after
	chance   *rand.Rand
	cuts     []int // after how many events its line is cut, rising
	told     func(seen int)

	seen   []change
	broken int // lines that a dying server took along
	line   atomic.Pointer[line]
	listen func(context.Context, *shelf) error
}

// follow reads until the event that comes last, whoever cuts its lines. A line that breaks for no reason is a fault.
func (s *subscriber) follow(ctx context.Context) error {
	planned := len(s.cuts)
	for {
		server, deaths, err := s.next(ctx)
		if err != nil {
			return fmt.Errorf("%s gave up after %d events: %w", s.name, len(s.seen), err)
		}
		err = s.listen(ctx, server)
		l := s.line.Swap(nil)
		switch {
		case errors.Is(err, errLast) && len(s.cuts) == 0:
			return nil
		case l != nil && l.cut.Load():
			s.cuts = s.cuts[1:]
		case s.died(server, deaths):
			s.broken++
		default:
			return fmt.Errorf("%s, after %d events and %d cuts: the line broke by itself: %w", s.name, len(s.seen), planned-len(s.cuts), err)
		}
	}
}

// errLast ends a subscriber: it has seen what comes last.
var errLast = errors.New("the last event")

// place is where it reads on.
func (s *subscriber) place() string {
	if len(s.seen) == 0 {
		return s.start
	}
	return s.seen[len(s.seen)-1].Cursor
}

// take notes what an answer tells, and has the line cut when it is time.
func (s *subscriber) take(payload []byte) error {
	var answer struct {
		Data   *struct{ Events change }
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(payload, &answer); err != nil || answer.Data == nil || len(answer.Errors) > 0 {
		return fmt.Errorf("not an event: %s", payload)
	}
	e := answer.Data.Events
	if e.OnHand == nil { // not about stock: nothing else is written but what comes last
		return errLast
	}
	s.seen = append(s.seen, e)
	s.told(len(s.seen))
	s.doom(s.line.Load())
	return nil
}

// doom has a line cut, at once or some bytes later, when enough has been seen.
func (s *subscriber) doom(l *line) {
	if l != nil && len(s.cuts) > 0 && len(s.seen) >= s.cuts[0] && !l.doomed.Load() {
		l.left.Store(int64(s.chance.IntN(2500) - 500))
		l.doomed.Store(true)
		if l.left.Load() <= 0 {
			l.hangUp()
		}
	}
}

// web makes connections that can be cut; it is used for one line.
func (s *subscriber) web() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		l := &line{TCPConn: conn.(*net.TCPConn)}
		s.line.Store(l)
		return l, nil
	}}}
}

// line is a connection that breaks off without a goodbye, in the middle of whatever is under way.
type line struct {
	*net.TCPConn
	doomed, cut atomic.Bool
	left        atomic.Int64 // bytes that a doomed line still carries
}

func (l *line) Read(p []byte) (int, error) {
	n, err := l.TCPConn.Read(p)
	if l.doomed.Load() && n > 0 {
		if over := -int(l.left.Add(-int64(n))); over >= 0 {
			l.hangUp()
			n = max(0, n-over)
			err = net.ErrClosed
		}
	}
	return n, err
}

func (l *line) hangUp() {
	l.cut.Store(true)
	l.SetLinger(0) // a reset, as a power cut's neighbour would see it
	l.Close()
}

// socket listens over graphql-transport-ws.
func (s *subscriber) socket(ctx context.Context, server *shelf) error {
	web := s.web()
	defer web.CloseIdleConnections()
	conn, _, err := websocket.Dial(ctx, "ws://"+server.addr+"/graphql", &websocket.DialOptions{HTTPClient: web, Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	s.doom(s.line.Load()) // it may be time already: then it is cut while hands are shaken
	type message struct {
		ID      string          `json:"id,omitempty"`
		Type    string          `json:"type"`
		Payload json.RawMessage `json:"payload,omitempty"`
	}
	say := func(m message, payload any) error {
		m.Payload, _ = json.Marshal(payload)
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		return conn.Write(ctx, websocket.MessageText, text)
	}
	if err := say(message{Type: "connection_init"}, map[string]string{"Authorization": "Bearer " + s.token}); err != nil {
		return err
	}
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal(text, &m); err != nil {
			return err
		}
		switch m.Type {
		case "connection_ack":
			err = say(message{ID: "live", Type: "subscribe"}, s.asking(s.place()))
		case "next":
			err = s.take(m.Payload)
		default:
			err = fmt.Errorf("told %s", text)
		}
		if err != nil {
			return err
		}
	}
}

// events listens over server-sent events, and resumes as a browser does: it asks the same again, with the id that it saw last.
func (s *subscriber) events(ctx context.Context, server *shelf) error {
	body, err := json.Marshal(s.asking(s.start))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+server.addr+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {"text/event-stream"}, "Authorization": {"Bearer " + s.token}}
	if len(s.seen) > 0 {
		req.Header.Set("Last-Event-ID", s.place())
	}
	web := s.web()
	defer web.CloseIdleConnections()
	resp, err := web.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", resp.Status)
	}
	s.doom(s.line.Load())
	lines := bufio.NewReader(resp.Body)
	event := map[string]string{}
	for {
		text, err := lines.ReadString('\n')
		if err != nil {
			return err // an event that is not whole is none
		}
		switch name, value, _ := strings.Cut(strings.TrimSuffix(text, "\n"), ":"); {
		case name != "":
			event[name] = strings.TrimPrefix(value, " ")
			continue
		case value != "" || text != "\n" || len(event) == 0: // a comment, or nothing was said
			continue
		}
		if event["event"] != "next" {
			return fmt.Errorf("told %v", event)
		}
		if err := s.take([]byte(event["data"])); err != nil {
			return err
		}
		if id := s.place(); id != event["id"] {
			return fmt.Errorf("the event of cursor %s has the id %s", id, event["id"])
		}
		clear(event)
	}
}

func (s *subscriber) asking(after string) map[string]any {
	return map[string]any{"query": s.document, "operationName": "LiveEvents", "variables": map[string]any{"after": after}}
}
