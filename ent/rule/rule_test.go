package rule_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/location"
	"github.com/oneshelf/oneshelf/ent/rule"
	"github.com/oneshelf/oneshelf/internal/db"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

// servers are the types that belong to no brand: only the server's own code reads them.
var servers = []string{"Brand", "EventCursor", "SigningKey"}

// clients are the parts of a client, by the name of their type.
func clients(c *ent.Client) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() && strings.HasSuffix(f.Type.String(), f.Name+"Client") {
			out[f.Name] = v.Field(i)
		}
	}
	return out
}

// call calls a method with the context, if it takes one, and gives its first result and its error.
func call(v reflect.Value, method string, args ...any) (reflect.Value, error) {
	in := make([]reflect.Value, len(args))
	for i, a := range args {
		in[i] = reflect.ValueOf(a)
	}
	out := v.MethodByName(method).Call(in)
	err, _ := out[len(out)-1].Interface().(error)
	return out[0], err
}

// settable sets some field that may change to x or 1; ok is false when none may.
func settable(update reflect.Value) bool {
	for i := range update.NumMethod() {
		m := update.Type().Method(i)
		if !strings.HasPrefix(m.Name, "Set") || strings.HasPrefix(m.Name, "SetNillable") || m.Type.NumIn() != 2 || m.Type.IsVariadic() {
			continue
		}
		arg := reflect.New(m.Type.In(1)).Elem()
		switch arg.Kind() {
		case reflect.String:
			arg.SetString("x")
		case reflect.Int, reflect.Int64:
			arg.SetInt(1)
		default:
			continue
		}
		update.Method(i).Call([]reflect.Value{arg})
		return true
	}
	return false
}

// inTx runs fn with a client that can write, and undoes what it did.
func inTx(t *testing.T, k *testkit.Kit, fn func(c *ent.Client)) {
	t.Helper()
	require.ErrorIs(t, k.Store.DB.InTx(k.Ctx, func(tx *db.Tx) error {
		fn(ent.NewClient(ent.Driver(tx.Driver())))
		return errUndo
	}), errUndo)
}

func TestNobodyReadsOrWritesWithoutAViewer(t *testing.T) { // TN-06, SC-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		populate(t, k)
		types := clients(k.Store.Ent)
		require.Len(t, types, len(owned())+len(servers))
		nobody := context.Background()
		for name, c := range types {
			for _, read := range []string{"All", "Count", "IDs", "Exist", "First", "FirstID", "Only"} {
				_, err := call(c.MethodByName("Query").Call(nil)[0], read, nobody)
				if slices.Contains(servers, name) {
					require.NotEqual(t, commerce.Unauthenticated, commerce.CodeOf(err), name)
				} else {
					require.Equal(t, commerce.Unauthenticated, commerce.CodeOf(err), "%s %s", name, read)
				}
			}
			if slices.Contains(servers, name) {
				continue
			}
			inTx(t, k, func(tx *ent.Client) {
				c := clients(tx)[name]
				_, err := call(c.MethodByName("Create").Call(nil)[0], "Save", nobody)
				require.Equal(t, commerce.Unauthenticated, commerce.CodeOf(err), "%s create", name)
				_, err = call(c.MethodByName("Update").Call(nil)[0], "Save", nobody)
				require.Equal(t, commerce.Unauthenticated, commerce.CodeOf(err), "%s update", name)
				_, err = call(c.MethodByName("Delete").Call(nil)[0], "Exec", nobody)
				require.Equal(t, commerce.Unauthenticated, commerce.CodeOf(err), "%s delete", name)
			})
		}
	})
}

func TestEveryTypeKeepsToItsBrand(t *testing.T) { // TN-01, TN-02
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		populate(t, k)
		third := k.NewBrand(t, "third", "Third", "CNY")
		empty := k.With(&auth.Viewer{Brand: third.ID, Scopes: auth.Scopes()})
		for name, c := range clients(k.Store.Ent) {
			if slices.Contains(servers, name) {
				continue
			}
			query := func() reflect.Value { return c.MethodByName("Query").Call(nil)[0] }
			for _, ctx := range []context.Context{k.Ctx, k.OtherCtx} {
				n, err := call(query(), "Count", ctx)
				require.NoError(t, err)
				require.EqualValues(t, 1, n.Int(), "%s: the brand's own row and no other", name)
			}
			n, err := call(query(), "Count", empty)
			require.NoError(t, err)
			require.Zero(t, n.Int(), name)
			all, err := call(query(), "All", empty)
			require.NoError(t, err)
			require.Zero(t, all.Len(), name)
			mine, err := call(query(), "OnlyID", k.Ctx)
			require.NoError(t, err)
			id := mine.Interface()
			_, err = call(c, "Get", k.OtherCtx, id)
			require.True(t, ent.IsNotFound(err), "%s: %v", name, err)

			inTx(t, k, func(tx *ent.Client) {
				c := clients(tx)[name]
				update := c.MethodByName("Update").Call(nil)[0]
				if settable(update) {
					n, err := call(update, "Save", empty)
					require.NoError(t, err, name)
					require.Zero(t, n.Int(), "%s: nothing of others is updated", name)
					one := c.MethodByName("UpdateOneID").Call([]reflect.Value{mine})[0]
					settable(one)
					_, err = call(one, "Save", k.OtherCtx)
					require.True(t, ent.IsNotFound(err), "%s: %v", name, err)
					update = c.MethodByName("Update").Call(nil)[0]
					settable(update)
					n, err = call(update, "Save", k.Ctx)
					require.NoError(t, err, name)
					require.EqualValues(t, 1, n.Int(), "%s: one's own alone is", name)
				}
				n, err := call(c.MethodByName("Delete").Call(nil)[0], "Exec", empty)
				require.NoError(t, err, name)
				require.Zero(t, n.Int(), "%s: nothing of others is deleted", name)
				err, _ = c.MethodByName("DeleteOneID").Call([]reflect.Value{mine})[0].MethodByName("Exec").
					Call([]reflect.Value{reflect.ValueOf(k.OtherCtx)})[0].Interface().(error)
				require.True(t, ent.IsNotFound(err), "%s: %v", name, err)
			})
		}
		for _, table := range owned() {
			require.Equal(t, 2, k.Count(t, table.Name, ""), table.Name)
		}
	})
}

func TestTheBrandOfANewRowIsTheViewers(t *testing.T) { // MQ-04
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		inTx(t, k, func(tx *ent.Client) {
			one, err := tx.Category.Create().SetBrandID(k.Other.ID).SetName("a").SetPath([]string{"a"}).SetPathKey("a").Save(k.Ctx)
			require.NoError(t, err)
			require.Equal(t, k.Brand.ID, one.BrandID)
			many, err := tx.Category.CreateBulk(
				tx.Category.Create().SetName("b").SetPath([]string{"b"}).SetPathKey("b"),
				tx.Category.Create().SetBrandID(k.Brand.ID).SetName("c").SetPath([]string{"c"}).SetPathKey("c")).Save(k.OtherCtx)
			require.NoError(t, err)
			for _, c := range many {
				require.Equal(t, k.Other.ID, c.BrandID)
			}
		})
	})
}

// What the contract says is hidden from a token that names channels or locations, over every type.
func TestNarrowingHidesWhatTheContractSays(t *testing.T) { // TN-03
	byChannel := []string{"Allocation", "Channel", "ChannelOrder", "Event", "Fulfillment", "FulfillmentLine", "FulfillmentOrder", "Job", "Listing", "Member",
		"MemberIdentity", "Order", "OrderEntry", "OrderLine", "OrderReturn", "OrderReturnLine", "OutboxItem", "Payment", "PickupCode", "Price", "Refund"}
	byLocation := []string{"Allocation", "Event", "Fulfillment", "FulfillmentLine", "FulfillmentOrder", "Location", "Member", "MemberIdentity", "Order",
		"OrderEntry", "OrderLine", "OrderReturn", "OrderReturnLine", "Payment", "PickupCode", "PickupGuard", "Refund",
		"ReservationLine", "StockLevel", "StockMovement"}
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		populate(t, k)
		channel, err := k.Store.Ent.Channel.Query().OnlyID(k.Ctx)
		require.NoError(t, err)
		place, err := k.Store.Ent.Location.Query().OnlyID(k.Ctx)
		require.NoError(t, err)
		foreignChannel, err := k.Store.Ent.Channel.Query().OnlyID(k.OtherCtx)
		require.NoError(t, err)
		foreignPlace, err := k.Store.Ent.Location.Query().OnlyID(k.OtherCtx)
		require.NoError(t, err)
		for _, c := range []struct {
			name   string
			ctx    context.Context
			hidden []string
		}{
			{"its channel", k.On(channel), nil},
			{"its location", k.At(place), nil},
			{"its channel and another", k.On(commerce.NewUUID(), channel), nil},
			{"another channel", k.On(commerce.NewUUID()), byChannel},
			{"no channel", k.On(), byChannel},
			{"another brand's channel", k.On(foreignChannel), byChannel},
			{"another location", k.At(commerce.NewUUID()), byLocation},
			{"no location", k.At(), byLocation},
			{"another brand's location", k.At(foreignPlace), byLocation},
		} {
			var hidden []string
			for name, client := range clients(k.Store.Ent) {
				if slices.Contains(servers, name) {
					continue
				}
				n, err := call(client.MethodByName("Query").Call(nil)[0], "Count", c.ctx)
				require.NoError(t, err)
				if n.Int() == 0 {
					hidden = append(hidden, name)
				}
				inTx(t, k, func(tx *ent.Client) { // and what is hidden cannot be changed
					update := clients(tx)[name].MethodByName("Update").Call(nil)[0]
					if settable(update) {
						changed, err := call(update, "Save", c.ctx)
						require.NoError(t, err, name)
						require.Equal(t, n.Int(), changed.Int(), "%s with %s", name, c.name)
					}
				})
			}
			slices.Sort(hidden)
			require.Equal(t, c.hidden, hidden, c.name)
		}
		v := k.Viewer()
		v.Channels, v.Locations = []commerce.UUID{channel}, []commerce.UUID{}
		n, err := k.Store.Ent.Order.Query().Count(k.With(v))
		require.NoError(t, err)
		require.Zero(t, n, "both must let it through")
	})
}

func TestANarrowedViewerMakesNoRowElsewhere(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		populate(t, k)
		place, err := k.Store.Ent.Location.Query().OnlyID(k.Ctx)
		require.NoError(t, err)
		channel, err := k.Store.Ent.Channel.Query().OnlyID(k.Ctx)
		require.NoError(t, err)
		variant, err := k.Store.Ent.Variant.Query().OnlyID(k.Ctx)
		require.NoError(t, err)
		inTx(t, k, func(tx *ent.Client) {
			movement := func() *ent.StockMovementCreate {
				return tx.StockMovement.Create().SetVariantID(variant).SetLocationID(place).SetKind("ADJUST").SetActor("").SetCause("").SetOccurredAt(1)
			}
			price := func() *ent.PriceCreate {
				return tx.Price.Create().SetVariantID(variant).SetChannelID(channel).SetAmount(1).SetCurrency("CNY")
			}
			_, err := movement().Save(k.At())
			testkit.Refused(t, err, commerce.NotFound, "")
			_, err = price().Save(k.On())
			testkit.Refused(t, err, commerce.NotFound, "")
			require.NoError(t, movement().Exec(k.At(place)))
			require.NoError(t, price().Exec(k.On(channel)))
		})
	})
}

// Hand-written SQL takes the same condition, with its values as parameters.
func TestTheConditionForHandWrittenSQL(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		populate(t, k)
		for _, ctx := range []context.Context{k.Ctx, k.OtherCtx, k.At(), k.On()} {
			viewer := auth.From(ctx)
			for n, table := range map[rule.Narrowing]string{
				rule.Brandwide: "products", rule.Location: "locations", rule.AtLocation: "stock_levels", rule.Channel: "channels", rule.OfChannel: "listings",
				rule.PerhapsOf: "prices", rule.Order: "orders", rule.OfOrder: "order_lines", rule.OrderAt: "allocations", rule.Member: "members",
				rule.OfMember: "member_identities", rule.OfFulfillment: "fulfillment_lines", rule.Event: "events",
			} {
				where, args := rule.Where(n, viewer, "x")
				require.Equal(t, len(args), strings.Count(where, "?"))
				var got int
				require.NoError(t, k.Store.DB.Read().QueryRow(ctx, "SELECT COUNT(*) FROM "+table+" x WHERE "+where, args...).Scan(&got), table)
				types := clients(k.Store.Ent)
				name := map[string]string{"products": "Product", "locations": "Location", "stock_levels": "StockLevel", "channels": "Channel", "listings": "Listing",
					"prices": "Price", "orders": "Order", "order_lines": "OrderLine", "allocations": "Allocation", "members": "Member",
					"member_identities": "MemberIdentity", "fulfillment_lines": "FulfillmentLine", "events": "Event"}[table]
				want, err := call(types[name].MethodByName("Query").Call(nil)[0], "Count", ctx)
				require.NoError(t, err)
				require.EqualValues(t, want.Int(), got, table)
			}
		}
		// A predicate over another table sees only what its own condition lets it: the rule stands beside the caller's conditions.
		n, err := k.Store.Ent.Location.Query().Where(location.Or(location.IDNEQ(commerce.UUID{}), location.CodeNEQ(""))).Count(k.At())
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// A counter sees the order that is fetched there although nobody has work for it, and with it what is of the order and who bought.
func TestAnOrderIsSeenWhereItIsFetched(t *testing.T) { // TN-03
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		populate(t, k)
		counter, err := k.Store.Ent.Location.Query().OnlyID(k.Ctx)
		require.NoError(t, err)
		inTx(t, k, func(tx *ent.Client) {
			_, err := tx.Allocation.Delete().Exec(k.Ctx)
			require.NoError(t, err)
			_, err = tx.FulfillmentLine.Delete().Exec(k.Ctx)
			require.NoError(t, err)
			_, err = tx.Fulfillment.Delete().Exec(k.Ctx)
			require.NoError(t, err)
			_, err = tx.FulfillmentOrder.Delete().Exec(k.Ctx)
			require.NoError(t, err)
			seen := func(ctx context.Context) []int {
				var out []int
				for _, count := range []func(context.Context) (int, error){tx.Order.Query().Count, tx.OrderLine.Query().Count, tx.Payment.Query().Count, tx.Member.Query().Count, tx.Event.Query().Count} {
					n, err := count(ctx)
					require.NoError(t, err)
					out = append(out, n)
				}
				return out
			}
			require.Equal(t, []int{1, 1, 1, 1, 1}, seen(k.At(counter)))
			require.Equal(t, []int{0, 0, 0, 0, 0}, seen(k.At(commerce.NewUUID())))
		})
	})
}
