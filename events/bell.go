package events

import "sync"

// Bell wakes everybody who waits. It keeps nothing: who is not waiting finds one ring pending, never more.
type Bell struct {
	mu      sync.Mutex
	waiting map[chan struct{}]struct{}
}

// NewBell makes a bell that nobody waits for.
func NewBell() *Bell { return &Bell{waiting: map[chan struct{}]struct{}{}} }

// Wait gives a channel that receives after each ring, and a function that ends it.
func (b *Bell) Wait() (<-chan struct{}, func()) {
	c := make(chan struct{}, 1)
	b.mu.Lock()
	b.waiting[c] = struct{}{}
	b.mu.Unlock()
	return c, func() {
		b.mu.Lock()
		delete(b.waiting, c)
		b.mu.Unlock()
	}
}

// Ring wakes them; it never blocks.
func (b *Bell) Ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.waiting {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Waiting tells how many wait.
func (b *Bell) Waiting() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}
