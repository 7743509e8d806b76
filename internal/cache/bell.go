package cache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Bell carries a hint between processes over Redis' publish and subscribe. A hint may get lost: whoever waits for one also looks on
// its own now and then.
type Bell struct {
	client  redis.UniversalClient
	channel string
	self    string
}

// NewBell makes a bell; self names this process, so that it does not hear itself.
func NewBell(client redis.UniversalClient, channel, self string) *Bell {
	return &Bell{client, channel, self}
}

// Ring tells the other processes. It gives up after a moment and fails silently.
func (b *Bell) Ring(ctx context.Context) {
	ctx, stop := context.WithTimeout(ctx, 200*time.Millisecond)
	defer stop()
	b.client.Publish(ctx, b.channel, b.self)
}

// Listen calls heard for each ring of another process until ctx ends. A lost connection is made again.
func (b *Bell) Listen(ctx context.Context, heard func()) {
	sub := b.client.Subscribe(ctx, b.channel)
	defer sub.Close()
	messages := sub.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case m, ok := <-messages:
			if !ok {
				return
			}
			if m.Payload != b.self {
				heard()
			}
		}
	}
}

// Open makes a client for a redis:// or rediss:// address. Calls fail fast: Redis is never needed.
func Open(url string) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = 300*time.Millisecond, 300*time.Millisecond, 300*time.Millisecond
	o.MaxRetries, o.ContextTimeoutEnabled = -1, true
	return redis.NewClient(o), nil
}
