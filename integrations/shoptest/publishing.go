package shoptest

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
)

var publishingTests = map[string]func(*testing.T, Harness){
	"a draft is on sale with all its variants": func(t *testing.T, h Harness) {
		shop := h.Open(t, nil)
		draft := shirt(4)
		done, err := h.publisher(t, shop).Publish(t.Context(), draft)
		require.NoError(t, err)
		require.NotEmpty(t, done.ExternalID)
		require.Len(t, done.SKUs, 4)
		seen := listings(t, shop)
		for _, v := range draft.Variants {
			require.Len(t, seen[v.OuterCode], 1, v.OuterCode)
			l := seen[v.OuterCode][0]
			require.Equal(t, integrations.RemoteListing{ExternalID: done.ExternalID, ExternalSKUID: done.SKUs[v.OuterCode], OuterCode: v.OuterCode,
				Title: l.Title, Price: v.Price, Quantity: v.Quantity, Live: true}, l)
			require.Contains(t, l.Title, "亚麻衬衫")
		}
	},
	"publishing twice makes one item": func(t *testing.T, h Harness) {
		publisher := h.publisher(t, h.Open(t, nil))
		one, err := publisher.Publish(t.Context(), shirt(4))
		require.NoError(t, err)
		two, err := publisher.Publish(t.Context(), shirt(4))
		require.NoError(t, err)
		require.Equal(t, one, two)
		require.Len(t, h.Remote.Units(t), 4)
	},
	"an item that shows late is made once": func(t *testing.T, h Harness) {
		publisher := h.publisher(t, h.Open(t, nil))
		h.Remote.Late(t, time.Minute)
		draft := shirt(4)
		out, err := publisher.Publish(t.Context(), draft)
		requireKind(t, err, integrations.Temporary)
		require.NotEmpty(t, out.ExternalID, "what the marketplace answered is told")
		made := out.ExternalID
		draft.Remember(out)
		for range 3 {
			out, err = h.publisher(t, h.Open(t, nil)).Publish(t.Context(), draft) // another process, with what was remembered
			requireKind(t, err, integrations.Temporary)
			require.Contains(t, []string{"", made}, out.ExternalID)
			draft.Remember(out)
		}
		require.Len(t, h.Remote.Units(t), 4)

		h.Clock.Advance(time.Minute)
		out, err = publisher.Publish(t.Context(), draft)
		require.NoError(t, err)
		require.Equal(t, made, out.ExternalID)
		require.Len(t, out.SKUs, 4)
		found, err := publisher.Publish(t.Context(), shirt(4)) // a process that was killed before it remembered
		require.NoError(t, err)
		require.Equal(t, out, found)
		require.Len(t, h.Remote.Units(t), 4)
	},
	"a variant that shows late is added once": func(t *testing.T, h Harness) {
		publisher := h.publisher(t, h.Open(t, nil))
		draft := shirt(4)
		draft.Variants = draft.Variants[:2]
		out, err := publisher.Publish(t.Context(), draft)
		require.NoError(t, err)
		known := out.SKUs

		h.Remote.Late(t, time.Minute)
		draft = shirt(4)
		draft.Remember(out)
		for n := range draft.Variants { // the others were not given yet
			draft.Variants[n].Unseen = false
		}
		out, err = publisher.Publish(t.Context(), draft)
		requireKind(t, err, integrations.Temporary)
		require.Equal(t, known, out.SKUs, "those that show")
		draft.Remember(out)
		for range 3 {
			_, err = publisher.Publish(t.Context(), draft)
			requireKind(t, err, integrations.Temporary)
		}
		require.Len(t, h.Remote.Units(t), 4)
		h.Clock.Advance(time.Minute)
		out, err = publisher.Publish(t.Context(), draft)
		require.NoError(t, err)
		require.Len(t, out.SKUs, 4)
		require.Len(t, h.Remote.Units(t), 4)
	},
	"through a connection an item that shows late is made once": func(t *testing.T, h Harness) {
		h.publisher(t, h.Open(t, nil))
		connection, err := integrations.Connect(h.Adapter, h.config(nil, h.Clock.Now), integrations.Sleep(noSleep))
		require.NoError(t, err)
		defer connection.Close()
		h.Remote.Late(t, time.Minute)
		out, err := connection.Publish(t.Context(), shirt(2))
		requireKind(t, err, integrations.Temporary)
		require.NotEmpty(t, out.ExternalID)
		require.Len(t, h.Remote.Units(t), 2, "its tries included")
	},
	"publishing again brings the item up to date": func(t *testing.T, h Harness) {
		publisher := h.publisher(t, h.Open(t, nil))
		one, err := publisher.Publish(t.Context(), shirt(2))
		require.NoError(t, err)
		draft := shirt(4) // two variants more
		draft.ExternalID, draft.Title = one.ExternalID, "素野 亚麻衬衫 秋款 沙箱测试"
		draft.Variants[0].Price, draft.Variants[0].Quantity = 35900, 77
		for i := range 2 {
			draft.Variants[i].ExternalSKUID = one.SKUs[draft.Variants[i].OuterCode]
		}
		two, err := publisher.Publish(t.Context(), draft)
		require.NoError(t, err)
		require.Equal(t, one.ExternalID, two.ExternalID)
		require.Len(t, two.SKUs, 4)
		for code, id := range one.SKUs {
			require.Equal(t, id, two.SKUs[code])
		}
		require.Len(t, h.Remote.Units(t), 4)
		u := h.unit(t, draft.Variants[0].OuterCode)
		require.Equal(t, "359.00", u.Price)
		require.Equal(t, 77, u.Quantity)
		require.Contains(t, u.Title, "秋款")
	},
	"what is taken off sale is off sale, and can come back": func(t *testing.T, h Harness) {
		shop := h.Open(t, nil)
		publisher := h.publisher(t, shop)
		draft := shirt(2)
		done, err := publisher.Publish(t.Context(), draft)
		require.NoError(t, err)
		one := integrations.Unpublication{ExternalID: done.ExternalID, Remaining: 1,
			Remove: []integrations.RemoteUnit{{ExternalSKUID: done.SKUs["LINEN-00"], OuterCode: "LINEN-00"}}}
		for range 2 {
			require.NoError(t, publisher.Unpublish(t.Context(), one))
		}
		require.False(t, h.sells(t, "LINEN-00"))
		require.True(t, h.sells(t, "LINEN-01"))

		last := integrations.Unpublication{ExternalID: done.ExternalID,
			Remove: []integrations.RemoteUnit{{ExternalSKUID: done.SKUs["LINEN-01"], OuterCode: "LINEN-01"}}}
		for range 2 {
			require.NoError(t, publisher.Unpublish(t.Context(), last))
		}
		require.False(t, h.sells(t, "LINEN-01"))

		draft.ExternalID = done.ExternalID
		_, err = publisher.Publish(t.Context(), draft)
		require.NoError(t, err)
		require.True(t, h.sells(t, "LINEN-00"))
		require.True(t, h.sells(t, "LINEN-01"))
	},
	"a draft without a picture is rejected and told why": func(t *testing.T, h Harness) {
		draft := shirt(2)
		draft.Images = nil
		_, err := h.publisher(t, h.Open(t, nil)).Publish(t.Context(), draft)
		requireKind(t, err, integrations.Rejected)
		require.Contains(t, strings.ToLower(err.Error()), "image")
		require.Empty(t, h.Remote.Units(t))
	},
	"a setting that publishing needs is named when it is missing": func(t *testing.T, h Harness) {
		for _, name := range h.PublishNeeds {
			_, err := h.publisher(t, h.Open(t, map[string]string{name: ""})).Publish(t.Context(), shirt(2))
			requireKind(t, err, integrations.Rejected)
			require.Contains(t, err.Error(), name)
		}
		require.Empty(t, h.Remote.Units(t))
	},
}

// sells tells whether a buyer could have a unit: it is on sale and there is some.
func (h Harness) sells(t testing.TB, outer string) bool {
	t.Helper()
	for _, u := range h.Remote.Units(t) {
		if u.OuterCode == outer && u.OnSale && u.Quantity > 0 {
			return true
		}
	}
	return false
}
