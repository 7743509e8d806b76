package sandbox

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/oneshelf/oneshelf/integrations/sandbox"
)

// Config says whose shop it is. All three credentials are needed.
type Config struct {
	AppKey, AppSecret, AccessToken string
	Dir                            string           // where the shop is kept; "" is memory only
	Now                            func() time.Time // time.Now when nil
	Hold                           time.Duration    // how long a withheld answer keeps its caller at most; 30 s when zero
}

// Server is a JD shop: the gateway at /routerjson, the control API under /_sandbox/. It may be used by many at once.
type Server struct {
	cfg     Config
	state   *sandbox.State
	control http.Handler
	methods map[string]method

	mu   sync.Mutex
	told map[string]bool // every stockRfId seen
}

// method answers one API; the map is what stands beside the code in the wrapper.
type method func(params) (map[string]any, *fault)

// ids start above 2^53, where floating point loses digits, as JD's do more and more.
var ids = map[sandbox.IDKind]uint64{
	sandbox.ItemID: 10_100_000_000_000_001, sandbox.SKUID: 10_200_000_000_000_001,
	sandbox.OrderID: 10_300_000_000_000_001, sandbox.LineID: 10_400_000_000_000_001,
}

// New opens the shop kept in cfg.Dir, or a new one. Errors are the disk's.
func New(cfg Config) (*Server, error) {
	state, err := sandbox.Open(sandbox.Config{
		Name: "jd", Dir: cfg.Dir, Now: cfg.Now, Hold: cfg.Hold, Words: words,
		NewID: func(kind sandbox.IDKind, n uint64) string { return strconv.FormatUint(ids[kind]+n, 10) },
	})
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, state: state, control: state.Control(), told: map[string]bool{}}
	s.methods = map[string]method{
		"jingdong.vender.shop.query":                              s.shopQuery,
		"jingdong.fce.alpha.getVenderCarrier":                     s.carriers,
		"jingdong.pop.order.enSearch":                             s.orderSearch,
		"jingdong.pop.order.enGet":                                s.orderGet,
		"jingdong.pop.order.notPayOrderInfo":                      s.unpaid,
		"jingdong.pop.order.shipment":                             s.ship,
		"jingdong.ware.read.searchWare4Valid":                     s.wareSearch,
		"jingdong.ware.write.add":                                 s.wareAdd,
		"jingdong.ware.write.updateWare":                          s.wareUpdate,
		"jingdong.ware.write.upOrDown":                            s.upOrDown,
		"jingdong.sku.read.searchSkuList":                         s.skuSearch,
		"jingdong.sku.read.findSkuById":                           s.skuFind,
		"jingdong.sku.write.updateSkus":                           s.skusUpdate,
		"jingdong.sku.write.deleteSku":                            s.skuDelete,
		"jingdong.ware.stock.sku.set":                             s.stockSet,
		"jingdong.ware.stock.sku.query":                           s.stockQuery,
		"jingdong.category.read.findAttrsByCategoryIdUnlimitCate": s.attributes,
	}
	return s, nil
}

// Close lets go of the disk.
func (s *Server) Close() error { return s.state.Close() }

// maxRequest bounds what a caller may send: a ware's two descriptions of 100,000 characters, percent-encoded, fit.
const maxRequest = 4 << 20

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/routerjson" {
		s.control.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		s.say(w, "", gateway("61"))
		return
	}
	sent, f := merge(r.URL.RawQuery, string(body))
	if f == nil {
		f = s.admit(sent)
	}
	name := sent["method"]
	if f != nil {
		s.say(w, name, f)
		return
	}
	in, f := parse(sent["360buy_param_json"])
	if f != nil {
		s.say(w, name, f)
		return
	}
	s.state.Respond(w, r, name, func(planned sandbox.Fault) sandbox.Answer {
		code := map[sandbox.Fault]string{sandbox.Limit: "2", sandbox.ServerError: "66", sandbox.SessionExpired: "19"}[planned]
		return failure(name, gateway(code))
	}, func() sandbox.Answer {
		out, f := s.methods[name](in)
		if f != nil {
			return failure(name, f)
		}
		return success(name, out)
	})
}

// say answers a request that is not let in.
func (s *Server) say(w http.ResponseWriter, name string, f *fault) {
	a := failure(name, f)
	s.state.Calls.Add(name, a.Outcome)
	w.Header().Set("Content-Type", a.Type)
	_, _ = w.Write(a.Body) // the caller may be gone
}

// merge reads the query and the form as one set. A parameter sent twice is refused: which one counts is not documented.
func merge(query, form string) (map[string]string, *fault) {
	out := map[string]string{}
	for _, part := range []string{query, form} {
		values, err := url.ParseQuery(part)
		if err != nil {
			return out, gateway("61")
		}
		for name, v := range values {
			if _, twice := out[name]; twice || len(v) != 1 {
				return out, gateway("61")
			}
			out[name] = v[0]
		}
	}
	return out, nil
}

// clockSkew is how far a caller's clock may be off.
const clockSkew = 6 * time.Minute

// admit checks who calls. The order of the checks is not documented.
func (s *Server) admit(sent map[string]string) *fault {
	for _, name := range []string{"method", "app_key", "access_token", "timestamp", "v", "format"} {
		if value, is := sent[name]; is && value == "" {
			return gateway("12")
		}
	}
	switch {
	case sent["method"] == "":
		return gateway("14")
	case s.methods[sent["method"]] == nil:
		return gateway("15")
	case sent["app_key"] == "":
		return gateway("20")
	case sent["app_key"] != s.cfg.AppKey:
		return gateway("21")
	case sent["timestamp"] == "":
		return gateway("7")
	case !s.timely(sent["timestamp"]):
		return gateway("8")
	case sent["v"] == "":
		return gateway("4")
	case sent["v"] != "2.0":
		return gateway("5")
	case sent["format"] != "" && sent["format"] != "json":
		return gateway("13")
	case sent["access_token"] == "":
		return gateway("18")
	case sent["access_token"] != s.cfg.AccessToken:
		return gateway("19")
	case sent["sign"] == "":
		return gateway("11")
	case !signed(s.cfg.AppSecret, sent):
		return gateway("12")
	case sent["360buy_param_json"] == "":
		return gateway("60")
	}
	return nil
}

func (s *Server) timely(text string) bool {
	at, err := time.ParseInLocation(layout, text, china)
	if err != nil {
		if at, err = time.Parse("2006-01-02 15:04:05.000-0700", text); err != nil {
			return false
		}
	}
	return at.Sub(s.state.Now()).Abs() <= clockSkew
}

func (s *Server) shopQuery(params) (map[string]any, *fault) {
	return map[string]any{"shop_jos_result": map[string]any{
		"vender_id": 10098231, "shop_id": 11876543, "shop_name": "沙箱旗舰店", "open_time": 1552896000000,
		"logo_url": "//img10.360buyimg.com/cms/jfs/sandbox.png", "brief": "沙箱", "category_main": 1315, "category_main_name": "服饰内衣",
	}}, nil
}

// contracted are the carriers the shop has a contract with.
var contracted = map[string]string{
	"1499": "中通速递", "1327": "韵达快递", "470": "申通快递", "463": "圆通快递", "467": "顺丰快递", "465": "邮政EMS", "3046": "德邦快递",
	"2087": "京东快递", ownDelivery: "厂家自送",
}

func (s *Server) carriers(params) (map[string]any, *fault) {
	var list []map[string]any
	for id, name := range contracted {
		n, _ := strconv.Atoi(id)
		list = append(list, map[string]any{"id": n, "name": name})
	}
	slices.SortFunc(list, func(a, b map[string]any) int { return a["id"].(int) - b["id"].(int) })
	return map[string]any{"StandardGenericResponse": map[string]any{"resultCode": 0, "resultMsg": "", "result": map[string]any{"carrierList": list}}}, nil
}
