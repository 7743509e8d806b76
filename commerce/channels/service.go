// Package channels holds the rules between our shelf and the marketplaces: what is listed where, which quantity each should show,
// what each is still owed, and what becomes of the orders they send. What is owed is always a row of ours; talking to a shop is
// work that may be repeated, done by one process at a time under a lease on the channel.
package channels

import (
	"log/slog"
	"slices"
	"sync"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/internal/httpx"
	"github.com/oneshelf/oneshelf/internal/seal"
)

// Storefront is the kind of the brand's own shops: nobody outside is told anything.
const Storefront = "STOREFRONT"

// The states of a channel.
const (
	Active = "ACTIVE"
	Paused = "PAUSED"
	Broken = "ERROR"
)

// Service is the one door to channels and listings, and does the background work on them. It may be used by many at once.
type Service struct {
	Store    *events.Store
	Adapters []integrations.Adapter
	Seal     *seal.Key
	Guard    *httpx.Guard
	Log      *slog.Logger
	// Holder names this process among those that share the database.
	Holder string
	// Connecting changes how shops are opened, for tests that take no time.
	Connecting []integrations.Option

	mu       sync.Mutex
	shops    map[commerce.UUID]opened
	memories map[commerce.UUID]*memory
}

// memory is what a process keeps in mind of a channel from turn to turn. Losing it only has something done again.
type memory struct {
	deep  commerce.Instant // when orders were last read from far back
	read  commerce.Instant // when orders were last read, whether or not each could be kept
	held  commerce.UUID    // how far the last round of held orders came; none when it came to the end
	swept commerce.UUID    // the variant up to which an own shop was looked at; none when it came to the end
	sites [2]int64         // how the locations and the policy stood when an own shop was last looked at as a whole
	blind bool             // orders could not be read for a while: what was sold there is not known here
}

// recall gives the memory of a channel, which belongs to whoever works on the channel.
func (s *Service) recall(channel commerce.UUID) *memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.memories[channel] == nil {
		if s.memories == nil {
			s.memories = map[commerce.UUID]*memory{}
		}
		s.memories[channel] = &memory{}
	}
	return s.memories[channel]
}

// adapter finds the adapter of a kind.
func (s *Service) adapter(kind string) (integrations.Adapter, bool) {
	i := slices.IndexFunc(s.Adapters, func(a integrations.Adapter) bool { return a.Kind == kind })
	if i < 0 {
		return integrations.Adapter{}, false
	}
	return s.Adapters[i], true
}

// Kind is a kind of channel as people choose it.
type Kind struct {
	Kind, Title string
	Abilities   []string
	Settings    []integrations.Setting
}

// Kinds lists the kinds there are, the brand's own shop first. A marketplace's abilities are those of its adapter.
func (s *Service) Kinds() []Kind {
	out := []Kind{{Kind: Storefront, Title: "The brand's own shop", Abilities: []string{"PLACE_ORDERS"}}}
	for _, a := range s.Adapters {
		k := Kind{Kind: a.Kind, Title: a.Title, Settings: a.Settings}
		for _, ability := range a.Abilities {
			k.Abilities = append(k.Abilities, string(ability))
		}
		out = append(out, k)
	}
	return out
}
