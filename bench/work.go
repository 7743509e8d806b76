package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync/atomic"
)

// The operations, as a brand's frontend sends them.
var (
	//go:embed operations/product_list.graphql
	productList string
	//go:embed operations/product_detail.graphql
	productDetail string
	//go:embed operations/order_place.graphql
	orderPlace string
)

// sides is one sort of request as each program takes it.
type sides struct {
	id, title string
	clients   int
	server    workload
	plain     workload
	writes    bool
}

// benchmark is everything that is measured together.
type benchmark struct {
	options
	*shop
	url        string // of the database
	postmaster int    // the process above the database's, 0 when it runs elsewhere
	token      string
	server     *process
	plain      *process

	serverCursors, plainCursors []string
	keys                        atomic.Int64 // idempotency keys given out
	acknowledged                [2]int       // orders that the server and the plain program said were placed
}

const pageSize = 20

// sides are the workloads, in the order in which they are run.
func (b *benchmark) sides() []sides {
	list := sides{id: "W1", title: "ProductList, 20 products of 4 variants", clients: 16,
		server: b.ask(func() []byte { return b.listBody(pageSize, pick(b.serverCursors)) }),
		plain:  b.ask2("/products", func() []byte { return plainList(pageSize, pick(b.plainCursors)) }),
	}
	detail := sides{id: "W2", title: "ProductDetail by handle", clients: 16,
		server: b.ask(func() []byte { return b.detailBody(pick(b.handles)) }),
		plain:  b.ask2("/product", func() []byte { return plainDetail(pick(b.handles)) }),
	}
	spread := b.placing("W4", "OrderPlace over "+strconv.Itoa(len(b.spread))+" variants", 16, func() string { return pick(b.spread) })
	hot := b.placing("W5", "OrderPlace on one variant", 16, func() string { return b.hot })
	crowd := b.placing("W5", "OrderPlace on one variant", 64, func() string { return b.hot })
	return []sides{list, detail, spread, hot, crowd}
}

func (b *benchmark) placing(id, title string, clients int, variant func() string) sides {
	s := sides{id: id, title: title, clients: clients, writes: true,
		server: b.ask(func() []byte { return b.orderBody(variant()) }),
		plain:  b.ask2("/orders", func() []byte { return plainOrder(variant()) }),
	}
	s.server.judge, s.plain.judge = wasPlaced, wasPlaced
	return s
}

// ask sends GraphQL to the server.
func (b *benchmark) ask(request func() []byte) workload {
	return workload{target{b.server.addr, "/graphql", b.token}, request, noErrors}
}

// ask2 sends inputs to the plain program.
func (b *benchmark) ask2(path string, request func() []byte) workload {
	return workload{target{b.plain.addr, path, ""}, request, noErrors}
}

func pick(from []string) string { return from[rand.IntN(len(from))] }

func graphql(query string, variables map[string]any) []byte {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		panic(err) // texts and numbers alone
	}
	return body
}

func (b *benchmark) listBody(first int, after string) []byte {
	v := map[string]any{"first": first, "channel": map[string]string{"code": channelCode}}
	if after != "" {
		v["after"] = after
	}
	return graphql(productList, v)
}

func plainList(first int, after string) []byte {
	return fmt.Appendf(nil, `{"first":%d,"after":%q,"channel":%q}`, first, after, channelCode)
}

func (b *benchmark) detailBody(handle string) []byte {
	return graphql(productDetail, map[string]any{"by": map[string]string{"handle": handle}, "channel": map[string]string{"code": channelCode}})
}

func plainDetail(handle string) []byte {
	return fmt.Appendf(nil, `{"handle":%q,"channel":%q}`, handle, channelCode)
}

func (b *benchmark) orderBody(variant string) []byte {
	return graphql(orderPlace, map[string]any{"input": map[string]any{
		"idempotencyKey": "bench-" + strconv.FormatInt(b.keys.Add(1), 10),
		"channel":        map[string]string{"code": channelCode},
		"lines":          []any{map[string]any{"variant": map[string]string{"id": variant}, "quantity": 1}},
		"delivery": map[string]any{"ship": map[string]any{"address": map[string]string{
			"recipient": "王芳", "phone": "13800138000", "country": "CN", "province": "上海", "city": "上海", "district": "静安", "line1": "南京西路 1 号",
		}}},
	}})
}

func plainOrder(variant string) []byte {
	return fmt.Appendf(nil, `{"variant":%q,"quantity":1}`, variant)
}

// noErrors passes answers that have data and nothing else to say.
func noErrors(answer []byte) error {
	if !bytes.HasPrefix(answer, []byte(`{"data":{`)) {
		return fmt.Errorf("the answer is not one: %.300s", answer)
	}
	return nil
}

// wasPlaced passes answers that hold an order.
func wasPlaced(answer []byte) error {
	if !bytes.Contains(answer, []byte(`"userErrors":[]`)) || !bytes.Contains(answer, []byte(`"number":"`)) {
		return fmt.Errorf("no order was placed: %.300s", answer)
	}
	return nil
}

// collectCursors walks the list once on each side: pages begin anywhere.
func (b *benchmark) collectCursors() error {
	short := `query Walk($after: String) { products(first: 100, after: $after) { pageInfo { hasNextPage endCursor } edges { cursor } } }`
	ask := func(after string) []byte {
		v := map[string]any{}
		if after != "" {
			v["after"] = after
		}
		return graphql(short, v)
	}
	var err error
	if b.serverCursors, err = walk(target{b.server.addr, "/graphql", b.token}, ask); err != nil {
		return err
	}
	b.plainCursors, err = walk(target{b.plain.addr, "/products", ""}, func(after string) []byte { return plainList(100, after) })
	if err == nil && (len(b.serverCursors) != b.products || len(b.plainCursors) != b.products) {
		err = fmt.Errorf("%d products were written, the server lists %d and the plain program %d", b.products, len(b.serverCursors), len(b.plainCursors))
	}
	// Every page that is asked is full.
	b.serverCursors, b.plainCursors = b.serverCursors[:b.products-pageSize], b.plainCursors[:b.products-pageSize]
	return err
}

func walk(t target, ask func(after string) []byte) ([]string, error) {
	c, err := dial(t)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	var all []string
	for after := ""; ; {
		answer, err := c.send(ask(after))
		if err != nil {
			return nil, err
		}
		var page struct {
			Data struct {
				Products struct {
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
					Edges []struct{ Cursor string }
				}
			}
		}
		if err := json.Unmarshal(answer, &page); err != nil {
			return nil, err
		}
		for _, e := range page.Data.Products.Edges {
			all = append(all, e.Cursor)
		}
		if !page.Data.Products.PageInfo.HasNextPage {
			return all, nil
		}
		after = page.Data.Products.PageInfo.EndCursor
	}
}
