package graph

import (
	"context"
	"slices"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/externalref"
	"github.com/oneshelf/oneshelf/ent/member"
	"github.com/oneshelf/oneshelf/ent/memberidentity"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
	"github.com/oneshelf/oneshelf/read"
)

// memberModels turns rows into what a request asks of them; contact fields are masked without members:pii.
func (r *Resolver) memberModels(ctx context.Context, rows []*ent.Member, s selection) ([]*model.Member, error) {
	out := make([]*model.Member, len(rows))
	byID := map[commerce.UUID]*model.Member{}
	for i, m := range rows {
		c := members.ContactOf(m, can(ctx, auth.MembersPII))
		out[i] = &model.Member{
			ID: id(commerce.MemberID, m.ID), Name: c.Name, Phone: c.Phone, Email: c.Email, Birthday: c.Birthday, Tags: m.Tags,
			Identities: []*model.MemberIdentity{}, Consents: []*model.Consent{}, ExternalRefs: []*model.ExternalRef{},
			CreatedAt: m.CreatedAt.Time(), UpdatedAt: m.UpdatedAt.Time(),
		}
		if m.Tags == nil {
			out[i].Tags = []string{}
		}
		byID[m.ID] = out[i]
	}
	if len(rows) == 0 {
		return out, nil
	}
	if s.has("identities", "Member") {
		found, err := r.Store.Ent.MemberIdentity.Query().Where(memberidentity.MemberIDIn(keys(byID)...)).Order(memberidentity.ByID()).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			byID[i.MemberID].Identities = append(byID[i.MemberID].Identities, &model.MemberIdentity{System: i.System, Value: i.Value, VerifiedAt: moment(i.VerifiedAt)})
		}
	}
	if s.has("externalRefs", "Member") {
		if err := r.externalRefs(ctx, externalref.FieldMemberID, keys(byID), func(id commerce.UUID, ref *model.ExternalRef) {
			byID[id].ExternalRefs = append(byID[id].ExternalRefs, ref)
		}); err != nil {
			return nil, err
		}
	}
	if can(ctx, auth.OrdersRead) {
		for _, f := range s.pages("orders", "Member") {
			if err := r.memberOrders(ctx, byID, s, f); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func (r *Resolver) membersByID(ctx context.Context, ids []commerce.UUID, s selection) (map[commerce.UUID]*model.Member, error) {
	out := map[commerce.UUID]*model.Member{}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := r.Store.Ent.Member.Query().Where(member.IDIn(ids...)).All(ctx)
	if err != nil {
		return nil, err
	}
	models, err := r.memberModels(ctx, rows, s)
	if err != nil {
		return nil, err
	}
	for i, m := range rows {
		out[m.ID] = models[i]
	}
	return out, nil
}

// newestFirst is the order in which a member's orders are shown.
var newestFirst = keyset.Order{Name: "member-orders", Keys: []keyset.Key{{Expr: "placed_at", Desc: true}, {Expr: "id", Desc: true}}}

// memberOrders reads one page of orders for each of many members in one statement.
func (r *Resolver) memberOrders(ctx context.Context, byID map[commerce.UUID]*model.Member, s selection, f pageField) error {
	a, err := argsOf(s.arguments(f.CollectedField))
	if err != nil {
		return err
	}
	l := pager[*ent.Order]{order: newestFirst, values: func(o *ent.Order) []any { return []any{o.PlacedAt, o.ID} }}
	binding := auth.From(ctx).Brand.String()
	plan, err := l.order.Plan(r.Cursors, binding, a)
	if err != nil {
		return pageError(err)
	}
	rows, err := r.Store.Ent.Order.Query().Where(read.OrdersOfMember.Page(auth.From(ctx), keys(byID), plan)).All(ctx)
	if err != nil {
		return err
	}
	models, err := r.orderModels(ctx, rows, f.asked.nodes("MemberOrderConnection", "MemberOrderEdge"))
	if err != nil {
		return err
	}
	byRow := map[commerce.UUID]*model.Order{}
	for i, o := range rows {
		byRow[o.ID] = models[i]
	}
	key := model.PageKey(a.First, a.After, a.Last, a.Before)
	for u, m := range byID {
		own, info := keyset.Cut(plan, slices.DeleteFunc(slices.Clone(rows), func(o *ent.Order) bool { return *o.MemberID != u }))
		p, err := withCursors(r.Cursors, binding, l, own, info)
		if err != nil {
			return err
		}
		c := &model.MemberOrderConnection{PageInfo: p.info, Edges: []*model.MemberOrderEdge{}}
		for i, o := range own {
			c.Edges = append(c.Edges, &model.MemberOrderEdge{Cursor: p.cursors[i], Node: byRow[o.ID]})
		}
		if m.OrderPages == nil {
			m.OrderPages = map[string]*model.MemberOrderConnection{}
		}
		m.OrderPages[key] = c
	}
	return nil
}
