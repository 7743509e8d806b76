// Package cache keeps answers that many processes may share: in this process for a moment, and in Redis when there is one. It is
// never the truth: keys carry what makes an answer stale, and without Redis, or with a broken one, everything works on, slower.
package cache

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	rediscache "github.com/go-redis/cache/v9"
	"github.com/redis/go-redis/v9"
)

// minTTL is the shortest that go-redis/cache keeps as asked: it turns anything shorter into an hour.
const minTTL = time.Second

// Cache is a shared cache. It may be used by many at once.
type Cache struct {
	shared *rediscache.Cache // nil without Redis
	local  *rediscache.Cache
	broken atomic.Int64 // until when Redis is left alone, in nanoseconds
}

// New makes a cache over Redis, or one of this process alone with nil.
func New(client redis.UniversalClient) *Cache {
	local := rediscache.NewTinyLFU(10_000, time.Minute)
	c := &Cache{local: rediscache.New(&rediscache.Options{LocalCache: local})}
	if client != nil {
		c.shared = rediscache.New(&rediscache.Options{Redis: client, LocalCache: local})
	}
	return c
}

// pause is how long a Redis that failed is not asked again.
const pause = 5 * time.Second

// Get answers what is kept under key, or makes it and keeps it for ttl, at least a second. The key must change whenever the answer
// would: nothing here ever deletes. Only make's own error is answered.
func Get[T any](ctx context.Context, c *Cache, key string, ttl time.Duration, make func() (T, error)) (T, error) {
	var out T
	item := &rediscache.Item{Ctx: ctx, Key: "oneshelf:" + key, Value: &out, TTL: max(ttl, minTTL)}
	level := c.local
	if c.shared != nil && time.Now().UnixNano() > c.broken.Load() {
		level = c.shared
	}
	err := level.Get(ctx, item.Key, &out)
	if err == nil {
		return out, nil
	}
	if !errors.Is(err, rediscache.ErrCacheMiss) {
		c.rest(level)
	}
	if out, err = make(); err != nil {
		return out, err
	}
	item.Value = out
	if level == c.shared && time.Now().UnixNano() < c.broken.Load() {
		level = c.local
	}
	if err := level.Set(item); err != nil {
		c.rest(level)
	}
	return out, nil
}

// rest leaves Redis alone for a while.
func (c *Cache) rest(level *rediscache.Cache) {
	if level == c.shared {
		c.broken.Store(time.Now().Add(pause).UnixNano())
	}
}
