package shoptest

import (
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
)

// Harness is one fresh marketplace and the way to open our shop on it.
type Harness struct {
	Adapter integrations.Adapter
	// Settings open the shop with everything it needs to do all it can, the optional settings that Publish wants among them.
	Settings map[string]string
	Remote   Remote
	// Clock is the sandbox's clock and the adapter's. It starts wherever the harness says.
	Clock *Clock
	// Abilities are the ones the adapter's author says it has.
	Abilities []integrations.Ability
	// Methods names, for each ability, the wire method in which a fault of it happens: for READ_ORDERS the one that lists the orders
	// of a window, for a write the one that writes. The fault tests of an ability without a method are skipped by name.
	Methods map[integrations.Ability]string
	// PublishNeeds names the optional settings without which Publish is Rejected with a message that names the setting.
	PublishNeeds []string
	// Skew is how far a clock may be off before the marketplace refuses it; zero when it does not look.
	Skew time.Duration
	// Session names the setting whose wrong value is Unauthorized; "" when there is none.
	Session string
}

// Clock is a clock that stands until it is moved. It may be used by many at once.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows t.
func NewClock(t time.Time) *Clock { return &Clock{now: t} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Open opens the shop with the harness's settings, changed as asked; a change to "" leaves the setting out.
func (h Harness) Open(t testing.TB, changes map[string]string) integrations.Shop {
	t.Helper()
	return h.openAt(t, changes, h.Clock.Now)
}

func (h Harness) openAt(t testing.TB, changes map[string]string, now func() time.Time) integrations.Shop {
	t.Helper()
	cfg := h.config(changes, now)
	require.NoError(t, h.Adapter.Check(cfg.Settings))
	shop, err := h.Adapter.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, shop.Close()) })
	return shop
}

func (h Harness) config(changes map[string]string, now func() time.Time) integrations.Config {
	settings := maps.Clone(h.Settings)
	maps.Copy(settings, changes)
	maps.DeleteFunc(settings, func(_, v string) bool { return v == "" })
	return integrations.Config{
		Settings: settings,
		Currency: cmpOr(h.Adapter.Currency, "CNY"),
		HTTP: &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		Now: now,
		Log: slog.New(slog.DiscardHandler),
	}
}

func (h Harness) has(a integrations.Ability) bool { return slices.Contains(h.Abilities, a) }

func cmpOr(a, b commerce.Currency) commerce.Currency {
	if a != "" {
		return a
	}
	return b
}
