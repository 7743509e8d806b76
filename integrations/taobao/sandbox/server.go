package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
)

// Config says which app and shop the sandbox knows.
type Config struct {
	AppKey, AppSecret, Session string
	Dir                        string           // where the shop is kept; "" for memory only
	Now                        func() time.Time // time.Now when nil
	// RenameField renames the schema's field ids; nil leaves them.
	RenameField func(id string) string
	// Demands are the names of further attributes the category requires, without a default value.
	Demands []string
	// Hold is how long an answer that is withheld on demand keeps its caller waiting at most; 30 s when zero.
	Hold time.Duration
}

// Server is one shop on a Taobao of its own. It serves /router/rest, and the control API of package integrations/sandbox at /_sandbox/.
// Everything answered is on disk. It may be used by many at once.
type Server struct {
	// State is the shop itself, for tests that want more than the control API tells.
	State    *kit.State
	cfg      Config
	mux      *http.ServeMux
	requests atomic.Uint64
}

// china is the zone of every time on the wire.
var china = time.FixedZone("GMT+8", 8*60*60)

const layout = "2006-01-02 15:04:05"

// New opens the sandbox with the shop that was left in cfg.Dir. Errors are the disk's.
func New(cfg Config) (*Server, error) {
	if cfg.RenameField == nil {
		cfg.RenameField = func(id string) string { return id }
	}
	state, err := kit.Open(kit.Config{Name: "taobao", Dir: cfg.Dir, Now: cfg.Now, Hold: cfg.Hold, NewID: newID, Words: neutral, Finish: finish})
	if err != nil {
		return nil, err
	}
	s := &Server{State: state, cfg: cfg, mux: http.NewServeMux()}
	s.mux.HandleFunc("/router/rest", s.rest)
	s.mux.Handle("/_sandbox/", state.Control())
	return s, nil
}

// newID gives items 12 digits, SKUs 13 and trades 19, which is more than a float holds.
func newID(kind kit.IDKind, n uint64) string {
	switch kind {
	case kit.ItemID:
		n += 687_412_000_000
	case kit.SKUID:
		n += 5_021_345_000_000
	default:
		n = 3_917_420_000_000_012_345 + n*1_000_000
	}
	return strconv.FormatUint(n, 10)
}

// Close lets go of the disk.
func (s *Server) Close() error { return s.State.Close() }

// ServeHTTP serves the platform and its control API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// call is one request that was let in.
type call struct {
	s      *Server
	params map[string]string
	fields []string
}

// method is what the platform can do.
type method struct {
	open   bool     // needs no session
	needs  []string // required parameters
	handle func(*call) (obj, *failure)
}

func (s *Server) methods() map[string]method {
	return map[string]method{
		"taobao.time.get":                  {open: true, handle: (*call).timeGet},
		"taobao.user.seller.get":           {needs: []string{"fields"}, handle: (*call).sellerGet},
		"taobao.items.onsale.get":          {needs: []string{"fields"}, handle: (*call).itemsOnsale},
		"taobao.items.inventory.get":       {needs: []string{"fields"}, handle: (*call).itemsInventory},
		"taobao.item.seller.get":           {needs: []string{"fields", "num_iid"}, handle: (*call).itemSeller},
		"taobao.items.seller.list.get":     {needs: []string{"fields", "num_iids"}, handle: (*call).itemsSellerList},
		"taobao.item.skus.get":             {needs: []string{"fields", "num_iids"}, handle: (*call).itemSkus},
		"taobao.skus.custom.get":           {needs: []string{"fields", "outer_id"}, handle: (*call).skusCustom},
		"taobao.items.custom.get":          {needs: []string{"fields", "outer_id"}, handle: (*call).itemsCustom},
		"alibaba.item.publish.schema.get":  {needs: []string{"market", "cat_id"}, handle: (*call).publishSchema},
		"alibaba.item.publish.submit":      {needs: []string{"market", "cat_id", "schema"}, handle: (*call).publishSubmit},
		"alibaba.item.edit.schema.get":     {needs: []string{"item_id"}, handle: (*call).editSchema},
		"alibaba.item.edit.submit":         {needs: []string{"item_id", "schema"}, handle: (*call).editSubmit},
		"alibaba.item.operate.upshelf":     {needs: []string{"item_id"}, handle: (*call).upshelf},
		"alibaba.item.operate.downshelf":   {needs: []string{"item_id"}, handle: (*call).downshelf},
		"taobao.skus.quantity.update":      {needs: []string{"num_iid"}, handle: (*call).skusQuantity},
		"taobao.item.quantity.update":      {needs: []string{"num_iid", "quantity"}, handle: (*call).itemQuantity},
		"taobao.trades.sold.get":           {needs: []string{"fields"}, handle: (*call).tradesSold},
		"taobao.trades.sold.increment.get": {needs: []string{"fields", "start_modified", "end_modified"}, handle: (*call).tradesIncrement},
		"taobao.trade.fullinfo.get":        {needs: []string{"fields", "tid"}, handle: (*call).tradeFullinfo},
		"taobao.logistics.offline.send":    {needs: []string{"tid", "out_sid", "company_code"}, handle: (*call).offlineSend},
		"taobao.logistics.companies.get":   {needs: []string{"fields"}, handle: (*call).companies},
	}
}

func (s *Server) rest(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 8<<20)
	params := map[string]string{}
	if err := r.ParseMultipartForm(8 << 20); err != nil && err != http.ErrNotMultipart {
		http.Error(w, "the request cannot be read", http.StatusBadRequest)
		return
	}
	for name, values := range r.Form { // query and body together; byte[] parts are not among them, as they are never signed
		params[name] = values[0]
	}
	f := format{json: params["format"] == "json", simple: params["simplify"] == "true"}
	request := fmt.Sprintf("sandbox%08x", s.requests.Add(1))
	name := params["method"]
	m, known := s.methods()[name]
	if fail := s.admit(params, m, known); fail != nil {
		a := f.answer(name, request, nil, fail)
		s.State.Calls.Add(name, a.Outcome)
		w.Header().Set("Content-Type", a.Type)
		_, _ = w.Write(a.Body) // the caller may be gone
		return
	}
	c := &call{s: s, params: params, fields: split(params["fields"])}
	s.State.Respond(w, r, name,
		func(fault kit.Fault) kit.Answer { return f.answer(name, request, nil, onDemand(fault)) },
		func() kit.Answer {
			for _, need := range m.needs {
				if params[need] == "" {
					return f.answer(name, request, nil, missing(need))
				}
			}
			result, fail := m.handle(c)
			return f.answer(name, request, result, fail)
		})
}

// admit makes the gateway's own checks.
func (s *Server) admit(p map[string]string, m method, known bool) *failure {
	at, clock := time.ParseInLocation(layout, p["timestamp"], china)
	switch {
	case p["format"] != "" && p["format"] != "json" && p["format"] != "xml":
		return &failure{code: 23, msg: "Invalid format"}
	case p["method"] == "":
		return &failure{code: 21, msg: "Missing method"}
	case !known:
		return &failure{code: 22, msg: "Invalid method"}
	case p["app_key"] == "":
		return &failure{code: 28, msg: "Missing app key"}
	case p["app_key"] != s.cfg.AppKey:
		return &failure{code: 29, msg: "Invalid app key"}
	case p["timestamp"] == "":
		return &failure{code: 30, msg: "Missing timestamp"}
	case clock != nil, s.State.Now().Sub(at).Abs() > 10*time.Minute:
		return &failure{code: 31, msg: "Invalid timestamp"}
	case p["v"] == "":
		return &failure{code: 32, msg: "Missing version"}
	case !strings.Contains(p["v"], "."):
		return &failure{code: 33, msg: "Invalid version"}
	case p["v"] != "2.0":
		return &failure{code: 34, msg: "Unsupported version"}
	case p["sign"] == "":
		return &failure{code: 24, msg: "Missing signature"}
	case !verify(p, s.cfg.AppSecret, p["sign"]):
		return &failure{code: 25, msg: "Invalid signature"}
	case m.open:
		return nil
	case p["session"] == "":
		return &failure{code: 26, msg: "Missing session"}
	case p["session"] != s.cfg.Session:
		return &failure{27, "Invalid session", "invalid-sessionkey", "sessionkey-not-generated-by-server:RealSession don't belong app and user"}
	}
	return nil
}

// onDemand words the faults of the control API.
func onDemand(f kit.Fault) *failure {
	switch f {
	case kit.Limit:
		return &failure{7, "App Call Limited", "accesscontrol.limited-by-api-access-count", "This ban will last for 1 more seconds"}
	case kit.SessionExpired:
		return &failure{27, "Invalid session", "session-expired", "session已过期"}
	}
	return &failure{15, "Remote service error", "isp.top-remote-connection-timeout", "API服务调用超时，请稍后重试"}
}

func (c *call) timeGet() (obj, *failure) {
	return obj{"time": c.s.State.Now().In(china).Format(layout)}, nil
}

func (c *call) sellerGet() (obj, *failure) {
	return obj{"user": pick(obj{"user_id": 2208612345678, "nick": "素野旗舰店", "type": "C", "status": "normal", "has_shop": true, "has_sub_stock": true},
		c.fields, nil)}, nil
}

// number reads a whole number within bounds; absent is the default.
func (c *call) number(name string, absent, least, most int) (int, *failure) {
	text := c.params[name]
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, invalid(name)
	}
	return n, nil
}

// page cuts out one page.
func page[T any](all []T, no, size int) []T {
	from := min((no-1)*size, len(all))
	return all[from:min(from+size, len(all))]
}

func split(s string) []string {
	return slices.DeleteFunc(strings.Split(s, ","), func(one string) bool { return one == "" })
}

func stamp(t time.Time) string { return t.In(china).Format(layout) }

func number(id string) int64 {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		panic("sandbox: an id that is no number") // newID makes them all
	}
	return n
}
