package main

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
)

// relay stands between a program and PostgreSQL and counts the statements that pass, by their text: what is counted on the wire
// needs nobody's help. Statements of the server's sequencer belong to no request and are left out. It is never there when time is
// taken. Source: PostgreSQL's documentation, "Message Formats" of the frontend/backend protocol 3.0.
type relay struct {
	listener net.Listener
	to       string

	mu         sync.Mutex
	statements map[string]int
}

// newRelay listens, and answers the database address that leads through it.
func newRelay(database string) (*relay, string, error) {
	u, err := url.Parse(database)
	if err != nil {
		return nil, "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	r := &relay{listener: l, to: u.Host, statements: map[string]int{}}
	u.Host = l.Addr().String()
	go r.accept()
	return r, u.String(), nil
}

func (r *relay) accept() {
	for {
		in, err := r.listener.Accept()
		if err != nil {
			return
		}
		go r.join(in)
	}
}

// join leads one connection on.
func (r *relay) join(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", r.to)
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		io.Copy(in, out) // what the database answers
		in.Close()
	}()
	r.listen(io.TeeReader(in, out))
}

// listen reads what one client says until it ends.
func (r *relay) listen(in io.Reader) {
	from := bufio.NewReader(in)
	if !skipStartup(from) {
		return
	}
	c := conversation{relay: r, prepared: map[string]string{}, bound: map[string]string{}}
	for {
		kind, err := from.ReadByte()
		if err != nil {
			return
		}
		body, ok := message(from)
		if !ok {
			return
		}
		c.hear(kind, body)
	}
}

// skipStartup reads the first message, which has no kind.
func skipStartup(from io.Reader) bool {
	_, ok := message(from)
	return ok
}

func message(from io.Reader) ([]byte, bool) {
	var size [4]byte
	if _, err := io.ReadFull(from, size[:]); err != nil {
		return nil, false
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > 64<<20 {
		return nil, false
	}
	body := make([]byte, n-4)
	_, err := io.ReadFull(from, body)
	return body, err == nil
}

// conversation is what one connection has said so far.
type conversation struct {
	*relay
	prepared, bound map[string]string // texts by statement and by portal
	open            []string          // statements of the transaction that runs
	inside          bool
}

// hear takes one message.
func (c *conversation) hear(kind byte, body []byte) {
	first, rest, _ := strings.Cut(string(body), "\x00")
	switch kind {
	case 'P': // Parse: statement, text
		text, _, _ := strings.Cut(rest, "\x00")
		c.prepared[first] = text
	case 'B': // Bind: portal, statement
		statement, _, _ := strings.Cut(rest, "\x00")
		c.bound[first] = c.prepared[statement]
	case 'E': // Execute: portal
		c.ran(c.bound[first])
	case 'Q': // Query: text
		c.ran(first)
	}
}

// ran counts a statement, when its transaction has ended.
func (c *conversation) ran(text string) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" || strings.HasPrefix(text, "--") {
		return // a ping
	}
	c.open = append(c.open, text)
	switch verb, _, _ := strings.Cut(strings.ToLower(text), " "); verb {
	case "begin":
		c.inside = true
	case "commit", "rollback":
		c.inside = false
	}
	if c.inside {
		return
	}
	if !strings.Contains(strings.Join(c.open, " "), "FROM events WHERE seq IS NULL") {
		c.mu.Lock()
		for _, t := range c.open {
			c.statements[t]++
		}
		c.mu.Unlock()
	}
	c.open = nil
}

// take answers what was counted, and begins anew.
func (r *relay) take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.statements
	r.statements = map[string]int{}
	return out
}
