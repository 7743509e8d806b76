package channels_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/channels"
	"github.com/oneshelf/oneshelf/ent/channel"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/memory"
	"github.com/oneshelf/oneshelf/internal/httpx"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// keyed is a marketplace that wants keys.
func keyed(k *testkit.Kit, s *spy) integrations.Adapter {
	a := s.on(memory.Adapter(memory.New(k.Clock.Now)))
	a.Kind, a.Title = "KEYED", "Keyed"
	a.Settings = []integrations.Setting{
		{Name: "gatewayUrl", Title: "Gateway", Required: true, URL: true}, {Name: "appKey", Title: "App key", Required: true},
		{Name: "appSecret", Title: "App secret", Required: true, Secret: true}, {Name: "session", Title: "Session", Required: true, Secret: true},
		{Name: "category", Title: "Category"},
	}
	return a
}

// keys are settings by names and values in turn.
func keys(namesAndValues ...string) (out []channels.Setting) {
	for i := 0; i < len(namesAndValues); i += 2 {
		out = append(out, channels.Setting{Name: namesAndValues[i], Value: namesAndValues[i+1]})
	}
	return out
}

func TestSecretsGoInAndNeverOut(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		spy := &spy{}
		s := service(t, k, "one", keyed(k, spy))
		in := channels.ConnectInput{Kind: "KEYED", Code: "Shop-1", Name: "Shop", Settings: keys(
			"gatewayUrl", "https://gw.example.com/rest", "appKey", "plain-key", "appSecret", "canary-secret", "session", "canary-session", "category", "7")}
		c, err := s.Connect(k.Ctx, in)
		require.NoError(t, err)
		require.Equal(t, []any{channels.Active, commerce.Currency("CNY"), map[string]string{"gatewayUrl": "https://gw.example.com/rest", "appKey": "plain-key", "category": "7"}},
			[]any{c.State, c.Currency, c.Settings})
		task := channels.Task{Brand: k.Brand.ID, Channel: c.ID, Currency: "CNY", Code: c.Code}
		_, err = s.Turn(context.Background(), task, false, false)
		require.NoError(t, err)
		require.Equal(t, "canary-secret", spy.opened[0]["appSecret"])

		in.Code, in.Name, in.Settings = "SHOP-1", "Renamed", keys("gatewayUrl", "https://gw.example.com/rest", "appKey", "plain-key", "session", "canary-fresh")
		again, err := s.Connect(k.Ctx, in)
		require.NoError(t, err)
		require.Equal(t, []any{c.ID, "Shop-1", "Renamed"}, []any{again.ID, again.Code, again.Name}, "the same channel, whatever the case of its code")
		_, err = s.Turn(context.Background(), task, false, false)
		require.NoError(t, err)
		require.Equal(t, map[string]string{"gatewayUrl": "https://gw.example.com/rest", "appKey": "plain-key", "appSecret": "canary-secret", "session": "canary-fresh"},
			spy.opened[1], "a secret that is not given stays, a plain setting that is not given goes")
		require.Len(t, spy.opened, 2)

		require.Empty(t, holding(t, k.Store, "canary"))
		require.Equal(t, []string{"channels.settings"}, holding(t, k.Store, "plain-key"), "the search would find it")
		if !strings.Contains(k.URL, "://") {
			files, err := filepath.Glob(k.URL + "*")
			require.NoError(t, err)
			for _, f := range files {
				text, err := os.ReadFile(f)
				require.NoError(t, err)
				require.NotContains(t, string(text), "canary", f)
			}
		}
	})
}

func TestSecretsOpenWithTheirOwnKeyAlone(t *testing.T) {
	k := testkit.SQLite(t)
	c, err := service(t, k, "one", keyed(k, &spy{})).Connect(k.Ctx, channels.ConnectInput{Kind: "KEYED", Code: "a", Name: "A",
		Settings: keys("gatewayUrl", "https://gw.example.com", "appKey", "k", "appSecret", "s", "session", "t")})
	require.NoError(t, err)
	other := service(t, k, "one", keyed(k, &spy{}))
	_, err = other.Turn(context.Background(), channels.Task{Brand: k.Brand.ID, Channel: c.ID, Currency: "CNY", Code: "a"}, false, false)
	require.NoError(t, err)
	c, err = k.Store.Ent.Channel.Query().Where(channel.ID(c.ID)).Only(k.Ctx)
	require.NoError(t, err)
	require.Equal(t, []string{channels.Broken, "SECRETS"}, []string{c.State, c.LastErrorCode})
}

// Whoever may connect channels must not have their secrets sent to a host of their own.
func TestSecretsGoToNoOtherHost(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		spy := &spy{}
		s := service(t, k, "one", keyed(k, spy))
		in := channels.ConnectInput{Kind: "KEYED", Code: "a", Name: "A", Settings: keys("gatewayUrl", "https://gw.example.com", "appKey", "k", "appSecret", "s", "session", "t")}
		before, err := s.Connect(k.Ctx, in)
		require.NoError(t, err)
		to := func(address string, others ...string) error {
			in.Name, in.Settings = "B", keys(append([]string{"gatewayUrl", address, "appKey", "k"}, others...)...)
			_, err := s.Connect(k.Ctx, in)
			return err
		}
		err = to("https://elsewhere.example.com")
		require.Equal(t, []string{"INVALID_INPUT settings.appSecret", "INVALID_INPUT settings.session"}, testkit.Said(err))
		err = to("https://elsewhere.example.com", "session", "u")
		require.Equal(t, []string{"INVALID_INPUT settings.appSecret"}, testkit.Said(err))
		after, err := k.Store.Ent.Channel.Query().Where(channel.ID(before.ID)).Only(k.Ctx)
		require.NoError(t, err)
		require.Equal(t, []any{before.Version, "A", before.Settings, before.Secrets}, []any{after.Version, after.Name, after.Settings, after.Secrets}, "nothing is changed")

		require.NoError(t, to("https://gw.example.com"), "the same address")
		require.NoError(t, to("https://elsewhere.example.com", "appSecret", "s2", "session", "t2"))
		_, err = s.Turn(context.Background(), channels.Task{Brand: k.Brand.ID, Channel: before.ID, Currency: "CNY", Code: "a"}, false, false)
		require.NoError(t, err)
		require.Equal(t, []map[string]string{{"gatewayUrl": "https://elsewhere.example.com", "appKey": "k", "appSecret": "s2", "session": "t2"}}, spy.opened)
	})
}

func TestConnectTellsWhatIsWrong(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := service(t, k, "one", keyed(k, &spy{}))
		s.Guard = httpx.NewGuard(false)
		good := keys("gatewayUrl", "https://gw.example.com", "appKey", "k", "appSecret", "s", "session", "t")
		in := func(kind, code string, settings []channels.Setting) channels.ConnectInput {
			return channels.ConnectInput{Kind: kind, Code: code, Name: "A", Settings: settings}
		}
		refused := func(in channels.ConnectInput, code commerce.Code, path, says string) {
			t.Helper()
			_, err := s.Connect(k.Ctx, in)
			require.Contains(t, testkit.Refused(t, err, code, path).Message, says)
		}
		refused(in("KEYED", "a", good[:3]), commerce.InvalidInput, "settings", `"session"`)
		refused(in("KEYED", "a", append(keys("colour", "red"), good...)), commerce.InvalidInput, "settings", `"colour"`)
		refused(in("STOREFRONT", "a", keys("colour", "red")), commerce.InvalidInput, "settings", `STOREFRONT has no setting "colour"`)
		refused(in("KEYED", "a", append(keys("appKey", "twice"), good...)), commerce.InvalidInput, "settings.2.name", "twice")
		refused(in("EBAY", "a", nil), commerce.InvalidInput, "kind", "EBAY")
		refused(in("KEYED", "", good), commerce.InvalidInput, "code", "")
		for _, address := range []string{"http://127.0.0.1:9101/rest", "http://[::1]/", "http://169.254.169.254/latest", "http://localhost/", "ftp://gw.example.com", "gw.example.com", "http://2130706433/"} {
			refused(in("KEYED", "a", append(keys("gatewayUrl", address), good[1:]...)), commerce.InvalidInput, "settings.0.value", "address")
		}
		require.Zero(t, k.Count(t, "channels", ""))

		_, err := s.Connect(k.Ctx, in("KEYED", "a", good))
		require.NoError(t, err)
		refused(in("STOREFRONT", "A", nil), commerce.Conflict, "kind", "another kind")
		refused(in("KEYED", "a", keys("appSecret", "")), commerce.InvalidInput, "settings", "gatewayUrl")
		_, err = s.Connect(k.Without(auth.ChannelsWrite), in("KEYED", "b", good))
		testkit.Refused(t, err, commerce.Forbidden, "")
		_, err = s.Connect(k.On(), in("KEYED", "b", good))
		testkit.Refused(t, err, commerce.Forbidden, "")
		_, err = s.Connect(k.OtherCtx, in("KEYED", "a", good))
		require.NoError(t, err, "another brand has codes of its own")
		require.Equal(t, 2, k.Count(t, "channels", ""))
	})
}

func TestTheKindsThereAre(t *testing.T) {
	k := testkit.SQLite(t)
	kinds := service(t, k, "one", keyed(k, &spy{})).Kinds()
	require.Len(t, kinds, 2)
	require.Equal(t, channels.Storefront, kinds[0].Kind)
	require.Equal(t, []string{"READ_ORDERS", "READ_LISTINGS", "PUSH_STOCK", "PUBLISH", "SHIP", "FETCH_ORDER"}, kinds[1].Abilities)
	require.Equal(t, []string{"gatewayUrl", "appKey", "appSecret", "session", "category"},
		[]string{kinds[1].Settings[0].Name, kinds[1].Settings[1].Name, kinds[1].Settings[2].Name, kinds[1].Settings[3].Name, kinds[1].Settings[4].Name})
}
