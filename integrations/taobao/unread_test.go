package taobao_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/shoptest"
	"github.com/oneshelf/oneshelf/integrations/taobao"
	"github.com/oneshelf/oneshelf/integrations/taobao/sandbox"
)

// answers changes what the gateway says to some calls: it is given each call and its answer.
type answers func(call, answer string) string

// RoundTrip implements http.RoundTripper.
func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	call, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(call))
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	text := a(string(call), string(body))
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader([]byte(text))), int64(len(text))
	return resp, err
}

func TestATradeThatCannotBeReadHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"an amount":          `{"trade_fullinfo_get_response":{"trade":{"tid":TID,"created":"2025-06-18 09:00:00","modified":"2025-06-18 09:00:00","payment":"about 100"}}}`,
		"another shape":      `{"trade_fullinfo_get_response":{"trade":5}}`,
		"refused to be told": `{"error_response":{"code":15,"sub_code":"isv.trade-no-permission","msg":"Remote service error"}}`,
	} {
		h := harness(t, sandbox.Config{})
		h.Remote.Seed(t, shoptest.Unit{OuterCode: "A", Title: "沙箱测试", Price: "9.90", Quantity: 500})
		var ids []string
		for range 120 { // three pages
			ids = append(ids, h.Remote.Place(t, shoptest.Purchase{Pay: true, Lines: []shoptest.PurchaseLine{{OuterCode: "A", Quantity: 1}}}).ID)
		}
		bad, broken := ids[7], true
		shop, err := taobao.Adapter.Open(integrations.Config{Settings: h.Settings, Now: h.Clock.Now, HTTP: &http.Client{Transport: answers(func(call, was string) string {
			if broken && bytes.Contains([]byte(call), []byte("fullinfo")) && bytes.Contains([]byte(call), []byte("tid="+bad)) {
				return string(bytes.ReplaceAll([]byte(answer), []byte("TID"), []byte(bad)))
			}
			return was
		})}})
		require.NoError(t, err)
		told := func() map[string]integrations.Order {
			out := map[string]integrations.Order{}
			require.NoError(t, shop.Orders(t.Context(), h.Clock.Now().Add(-time.Hour), h.Clock.Now().Add(time.Second), func(batch []integrations.Order) error {
				for _, o := range batch {
					out[o.ExternalID] = o
				}
				return nil
			}), name)
			return out
		}
		for range 2 {
			all := told()
			require.Len(t, all, len(ids), name)
			for _, id := range ids {
				require.Equal(t, id != bad, all[id].State == integrations.ToShip, name)
			}
			require.Equal(t, integrations.Unknown, all[bad].State, name)
			require.Empty(t, all[bad].Lines, name)
			require.True(t, h.Clock.Now().Equal(all[bad].Modified), name)
		}
		broken = false
		require.Len(t, told()[bad].Lines, 1, "%s: it is read again as soon as it can be", name)
	}
}

func TestATradeThatTheGatewayFailsToTellStopsItsWindowForAWhile(t *testing.T) {
	t.Parallel()
	h := harness(t, sandbox.Config{})
	h.Remote.Seed(t, shoptest.Unit{OuterCode: "A", Title: "沙箱测试", Price: "9.90", Quantity: 500})
	buy := func() string {
		return h.Remote.Place(t, shoptest.Purchase{Pay: true, Lines: []shoptest.PurchaseLine{{OuterCode: "A", Quantity: 1}}}).ID
	}
	bad := buy()
	broken := func(string) bool { return false }
	shop, err := taobao.Adapter.Open(integrations.Config{Settings: h.Settings, Now: h.Clock.Now, HTTP: &http.Client{Transport: answers(func(call, was string) string {
		if strings.Contains(call, "fullinfo") && broken(call) {
			return `{"error_response":{"code":15,"sub_code":"isp.top-remote-service-error","msg":"Remote service error"}}`
		}
		return was
	})}})
	require.NoError(t, err)
	told := func() (map[string]integrations.OrderState, error) {
		out := map[string]integrations.OrderState{}
		return out, shop.Orders(t.Context(), h.Clock.Now().Add(-time.Hour), h.Clock.Now().Add(time.Second), func(batch []integrations.Order) error {
			for _, o := range batch {
				out[o.ExternalID] = o.State
			}
			return nil
		})
	}
	stopped := func(why string) {
		_, err := told()
		require.Equal(t, integrations.Temporary, integrations.AsError(err).Kind, why)
	}
	broken = func(call string) bool { return strings.Contains(call, "tid="+bad) }
	good := buy()
	stopped("it may pass")
	taobao.Age(shop, 5*time.Minute)
	all, err := told()
	require.NoError(t, err)
	require.Equal(t, map[string]integrations.OrderState{bad: integrations.Unknown, good: integrations.ToShip}, all)

	taobao.Age(shop, time.Minute) // now the other is remembered
	_, err = told()
	require.NoError(t, err)
	all, err = told()
	require.NoError(t, err, "what was given up needs no other to be read")
	require.Equal(t, map[string]integrations.OrderState{bad: integrations.Unknown, good: integrations.ToShip}, all)

	broken = func(string) bool { return true }
	buy()
	taobao.Age(shop, time.Hour)
	stopped("the new one may pass")
	taobao.Age(shop, time.Hour)
	stopped("nothing at all is told: that is the gateway")
	broken = func(string) bool { return false }
	all, err = told()
	require.NoError(t, err)
	require.Equal(t, integrations.ToShip, all[bad])
	require.Len(t, all, 3)
}
