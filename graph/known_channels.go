package graph

import (
	"context"
	"sync"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/ent"
)

// knownChannels remembers which channels there are. A channel keeps its brand, id and code, and none is ever removed: what was found
// once stays true, and only what is not known is asked. It is ready as it is and may be used by many at once.
type knownChannels struct{ ids sync.Map } // channelName to commerce.UUID

// channelName is either of the two names that a channel has in its brand.
type channelName struct {
	brand, id commerce.UUID
	code      string // folded
}

func nameOf(brand commerce.UUID, ref commerce.ChannelRef) channelName {
	if ref.ID != nil {
		return channelName{brand: brand, id: *ref.ID}
	}
	return channelName{brand: brand, code: commerce.Fold(ref.Code)}
}

// find answers the ids of the channels that refs name, in their order, nil where the viewer sees none; in one statement at most.
func (k *knownChannels) find(ctx context.Context, c *ent.Client, refs []commerce.ChannelRef) ([]*commerce.UUID, error) {
	if err := auth.Need(ctx); err != nil {
		return nil, err
	}
	v := auth.From(ctx)
	out := make([]*commerce.UUID, len(refs))
	var unknown []commerce.ChannelRef
	var places []int
	for i, ref := range refs {
		known, ok := k.ids.Load(nameOf(v.Brand, ref))
		if !ok {
			unknown, places = append(unknown, ref), append(places, i)
			continue
		}
		if id := known.(commerce.UUID); v.SeesChannel(id) {
			out[i] = &id
		}
	}
	if len(unknown) == 0 {
		return out, nil
	}
	found, err := channels.Find(ctx, c, unknown)
	if err != nil {
		return nil, err
	}
	for i, ch := range found {
		if ch != nil {
			k.ids.Store(nameOf(v.Brand, unknown[i]), ch.ID)
			out[places[i]] = &ch.ID
		}
	}
	return out, nil
}
