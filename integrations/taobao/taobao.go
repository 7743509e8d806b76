// Package taobao is the adapter for Taobao and Tmall shops over the Taobao Open Platform's gateway. It translates and classifies; pace,
// retries and traces are the connection's. Items are published through the category's schema, whose field ids differ from category
// to category: fields are found by what they are called, never by id.
package taobao

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/taobao/api"
)

// Adapter is Taobao. The platform publishes no figure for calls a second; the pace stays well below what is reported to be
// refused, and refusals are waited out besides.
var Adapter = integrations.Adapter{
	Kind:  "TAOBAO",
	Title: "Taobao and Tmall",
	Settings: []integrations.Setting{
		{Name: "gatewayUrl", Title: "Gateway address, as https://gw.api.taobao.com/router/rest", Required: true, URL: true},
		{Name: "appKey", Title: "App key", Required: true},
		{Name: "appSecret", Title: "App secret", Required: true, Secret: true},
		{Name: "session", Title: "Session (access token) of the shop", Required: true, Secret: true},
		{Name: "categoryId", Title: "Leaf category id for new items"},
		{Name: "market", Title: "Market for new items: taobao, tmall or litetao"},
	},
	Currency: "CNY",
	Parts:    integrations.WholeLines,
	Pace:     integrations.Pace{PerSecond: 20, Burst: 20},
	Abilities: []integrations.Ability{
		integrations.ReadOrders, integrations.ReadListings, integrations.PushStock, integrations.Publish, integrations.Ship, integrations.FetchOrder,
	},
	Open: open,
}

type shop struct {
	gateway, appKey, appSecret, session string
	categoryID, market                  string
	http                                *http.Client
	now                                 func() time.Time
	log                                 *slog.Logger
	recent                              recent
}

func open(cfg integrations.Config) (integrations.Shop, error) {
	set := cfg.Settings
	s := &shop{
		gateway: set["gatewayUrl"], appKey: set["appKey"], appSecret: set["appSecret"], session: set["session"],
		categoryID: set["categoryId"], market: cmp.Or(set["market"], "taobao"), http: cfg.HTTP, now: cfg.Now, log: cfg.Log,
	}
	if s.http == nil {
		s.http = http.DefaultClient
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

func (s *shop) Close() error { return nil }

// tradeFields are read of each trade. An oaid comes only when all of receiver_name, _address, _mobile, _phone and created are named.
const tradeFields = "tid,tid_str,type,status,step_trade_status,step_paid_fee,buyer_open_uid,created,pay_time,modified,consign_time,end_time," +
	"payment,total_fee,post_fee,discount_fee,adjust_fee,seller_flag,top_hold,ofp_hold,team_buy_hold,share_group_hold,forbid_consign," +
	"is_sh_ship,delivery_time,collect_time,receiver_name,receiver_country,receiver_state,receiver_city,receiver_district,receiver_town," +
	"receiver_address,receiver_zip,receiver_mobile,receiver_phone,oaid,orders,promotion_details,service_tags,logistics_infos"

// tradeTypes are all kinds of trades. The list calls leave some out unless they are named, the usual "fixed" among them.
const tradeTypes = "fixed,auction,guarantee_trade,auto_delivery,ec,cod,step,eticket,tmall_i18n,nopaid,o2o_offlinetrade,super_market_trade"

const (
	ordersPerPage = 50
	longestWindow = 24 * time.Hour // what one increment call may span
)

// Orders reads the window by modification time, cut into spans the platform takes and to the three months it tells of.
func (s *shop) Orders(ctx context.Context, since, until time.Time, yield func([]integrations.Order) error) error {
	now := s.now()
	if oldest := now.AddDate(0, -3, 0).Add(time.Hour); since.Before(oldest) {
		since = oldest
	}
	// A window that reached beyond now would take in new trades while it is read.
	if until.After(now) {
		until = now
	}
	since = since.Truncate(time.Second)
	until = until.Add(time.Second - 1).Truncate(time.Second) // times on the wire have whole seconds
	if since.Equal(until) {
		until = until.Add(time.Second) // a span must not be empty
	}
	for ; since.Before(until); since = since.Add(longestWindow) {
		end := since.Add(longestWindow)
		if end.After(until) {
			end = until
		}
		w := window{yield: yield, stuck: map[string]integrations.Order{}}
		if err := s.pages(ctx, since, end, &w); err != nil {
			return err
		}
		if err := s.finish(&w); err != nil {
			return err
		}
	}
	return nil
}

// patience is how long a trade that is listed may stop its window because the gateway fails to tell it in full, and mostStuck how many
// trades a gateway that works may fail to tell at once.
const (
	patience  = 5 * time.Minute
	mostStuck = 5
)

// window is a span that is read.
type window struct {
	yield func([]integrations.Order) error
	read  bool                          // a trade was read in full: the gateway works
	stuck map[string]integrations.Order // trades that it has failed to tell for too long
	fault error                         // why
}

// finish yields what is stuck unread, so that it holds up no other. When nothing else was read it may be the gateway's fault, and passes.
func (s *shop) finish(w *window) error {
	if len(w.stuck) == 0 {
		return nil
	}
	if !w.read {
		return w.fault
	}
	for id := range w.stuck {
		s.recent.giveUp(id)
	}
	return w.yield(slices.Collect(maps.Values(w.stuck)))
}

// pages reads one span. Its trades come newest first and leave it when they change, which moves the others to earlier pages; so it is
// read from the last page to the first, as the platform demands. A trade that came in meanwhile would push others behind the reading;
// the count tells, and the window is read again.
func (s *shop) pages(ctx context.Context, since, until time.Time, w *window) error {
	total, err := s.countTrades(ctx, since, until)
	if err != nil {
		return err
	}
	for range 3 {
		for page := (total + ordersPerPage - 1) / ordersPerPage; page >= 1; page-- {
			listed, err := s.tradePage(ctx, since, until, page)
			if err != nil {
				return err
			}
			if err := s.yieldTrades(ctx, listed, w); err != nil {
				return err
			}
		}
		before := total
		if total == 0 {
			return nil
		}
		if total, err = s.countTrades(ctx, since, until); err != nil || total <= before {
			return err
		}
	}
	return &integrations.Error{Kind: integrations.Temporary, Code: "MOVING", Message: "trades come in faster than the window can be read"}
}

type tradesAnswer struct {
	Total  api.Text            `json:"total_results"`
	Trades api.List[api.Trade] `json:"trades"`
}

func (s *shop) trades(ctx context.Context, since, until time.Time, more map[string]string) (out tradesAnswer, err error) {
	params := map[string]string{"fields": "tid,modified", "type": tradeTypes, "page_size": strconv.Itoa(ordersPerPage),
		"start_modified": since.In(china).Format(layout), "end_modified": until.In(china).Format(layout)}
	for name, value := range more {
		params[name] = value
	}
	err = s.call(ctx, "taobao.trades.sold.increment.get", params, &out)
	return out, err
}

func (s *shop) countTrades(ctx context.Context, since, until time.Time) (int, error) {
	out, err := s.trades(ctx, since, until, map[string]string{"page_no": "1"})
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(string(out.Total))
	if err != nil {
		return 0, garbled("the number of trades is missing")
	}
	return n, nil
}

func (s *shop) tradePage(ctx context.Context, since, until time.Time, page int) ([]api.Trade, error) {
	out, err := s.trades(ctx, since, until, map[string]string{"page_no": strconv.Itoa(page), "use_has_next": "true"})
	return out.Trades, err
}

// yieldTrades reads each trade in full, since lists tell only a part, unless it is as it was read before, and yields them together. One
// that cannot be read, or that the platform refuses to tell, is yielded unread, so that it holds up no other.
func (s *shop) yieldTrades(ctx context.Context, listed []api.Trade, w *window) error {
	var batch []integrations.Order
	for _, t := range listed {
		id, modified, now := t.ID(), t.Modified, time.Now() // the machine's own clock: only its passing counts
		if o, known := s.recent.find(id, modified, now); known {
			batch = append(batch, o)
			continue
		}
		raw, err := s.trade(ctx, id)
		if is(err, integrations.Missing) {
			s.log.WarnContext(ctx, "a listed trade is gone", "kind", "TAOBAO", "order", id)
			continue
		}
		unread := integrations.Order{ExternalID: id, State: integrations.Unknown, Modified: (&reader{}).time(modified)}
		faulty := is(err, integrations.Temporary) && ctx.Err() == nil
		waited, givenUp := s.recent.waited(id, now)
		if faulty && !givenUp && waited >= patience && len(w.stuck) < mostStuck {
			w.stuck[id], w.fault = unread, err
			continue
		}
		if err != nil && !is(err, integrations.Rejected) && !(faulty && givenUp) {
			return err
		}
		w.read = w.read || err == nil
		o, err := orderFrom(raw)
		if err != nil {
			o = unread
		}
		if len(o.Lines) > 0 { // what could not be read may be read the next time
			s.recent.keep(id, modified, o, now)
		}
		batch = append(batch, o)
	}
	if len(batch) == 0 {
		return nil
	}
	return w.yield(batch)
}

// Order reads one trade as it is now.
func (s *shop) Order(ctx context.Context, externalID string) (integrations.Order, error) {
	raw, err := s.trade(ctx, externalID)
	if err != nil {
		return integrations.Order{}, err
	}
	return orderFrom(raw)
}

// trade reads one trade as it comes.
func (s *shop) trade(ctx context.Context, id string) (json.RawMessage, error) {
	if !digits(id) {
		return nil, &integrations.Error{Kind: integrations.Missing, Code: "TID", Message: "this is no trade's number"}
	}
	var out struct{ Trade json.RawMessage }
	err := s.call(ctx, "taobao.trade.fullinfo.get", map[string]string{"fields": tradeFields, "tid": id, "include_oaid": "true"}, &out)
	return out.Trade, err
}

// digits tells whether s can be one of the platform's ids; they are put into lists that have separators of their own.
func digits(s string) bool {
	for _, r := range s {
		if r < '0' || r > '9' {
			return false
		}
	}
	return s != "" && len(s) <= 19
}

var (
	_ integrations.Publisher = (*shop)(nil)
	_ integrations.Shipper   = (*shop)(nil)
	_ integrations.Fetcher   = (*shop)(nil)
)
