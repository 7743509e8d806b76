package graph

import (
	"context"

	"entgo.io/ent/dialect/sql"
	"entgo.io/ent/dialect/sql/sqljson"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/members"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/member"
	"github.com/oneshelf/oneshelf/graph/model"
	"github.com/oneshelf/oneshelf/internal/keyset"
)

func memberInput(in model.MemberUpsertInput) (members.UpsertInput, error) {
	by, err := perhaps(in.By, memberRef)
	return members.UpsertInput{
		By: by, Name: maybe(in.Name), Phone: maybe(in.Phone), Email: maybe(in.Email), Birthday: maybe(in.Birthday),
		Tags: maybeList(in.Tags, same[string]), ExternalRefs: maybeList(in.ExternalRefs, reference),
		Identities: maybeList(in.Identities, func(i *model.IdentityInput) commerce.Reference {
			return commerce.Reference{System: i.System, Value: i.Value}
		}),
	}, err
}

// madeMember shows a member to who just made it.
func (r *Resolver) madeMember(ctx context.Context, m *ent.Member) (*model.Member, error) {
	models, err := r.memberModels(ctx, []*ent.Member{m}, asked(ctx, "member", "MemberUpsertPayload"))
	if err != nil {
		return nil, err
	}
	return models[0], nil
}

var byCreation = keyset.Order{Name: "created", Keys: []keyset.Key{{Expr: "created_at"}, {Expr: "id"}}}

func (r *Resolver) memberConnection(ctx context.Context, a keyset.Args, w *model.MemberWhere) (*model.MemberConnection, error) {
	q := r.Store.Ent.Member.Query()
	if w != nil {
		if t := w.Query.Value(); t != nil {
			q = q.Where(memberQuery(can(ctx, auth.MembersPII), *t))
		}
		for _, tag := range w.Tags.Value() {
			q = q.Where(func(s *sql.Selector) { s.Where(sqljson.ValueContains(member.FieldTags, tag)) })
		}
		if t := w.CreatedAfter.Value(); t != nil {
			q = q.Where(member.CreatedAtGT(commerce.InstantOf(*t)))
		}
	}
	p, err := page(ctx, r.Cursors, pager[*ent.Member]{
		order: byCreation, values: func(m *ent.Member) []any { return []any{m.CreatedAt, m.ID} },
		read: func(ctx context.Context, shape func(*sql.Selector)) ([]*ent.Member, error) {
			return q.Clone().Where(shape).All(ctx)
		},
	}, a)
	if err != nil {
		return nil, err
	}
	s := selected(ctx)
	models, err := r.memberModels(ctx, p.rows, s.nodes("MemberConnection", "MemberEdge"))
	if err != nil {
		return nil, err
	}
	out := &model.MemberConnection{PageInfo: p.info, Edges: make([]*model.MemberEdge, len(models))}
	for i, m := range models {
		out.Edges[i] = &model.MemberEdge{Cursor: p.cursors[i], Node: m}
	}
	if s.has("totalCount", "MemberConnection") {
		out.TotalCount, err = q.Clone().Count(ctx)
	}
	return out, err
}

// memberQuery keeps members to those whose name, phone or email holds a text; who may not read those finds nothing by them.
func memberQuery(plain bool, query string) func(*sql.Selector) {
	folded := commerce.Fold(query)
	return func(s *sql.Selector) {
		if !plain || folded == "" {
			none(s)
			return
		}
		s.Where(sql.Or(sql.ContainsFold(s.C(member.FieldName), folded), sql.Contains(s.C(member.FieldPhoneFolded), folded),
			sql.Contains(s.C(member.FieldEmailFolded), folded)))
	}
}
