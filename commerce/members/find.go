package members

import (
	"context"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/externalref"
	"github.com/oneshelf/oneshelf/ent/member"
	"github.com/oneshelf/oneshelf/ent/memberidentity"
)

// Find answers the members in the order of refs, nil where the viewer has none such. A phone finds nobody for a viewer without
// members:pii. However many refs there are, it takes at most four statements.
func Find(ctx context.Context, c *ent.Client, refs []commerce.MemberRef) ([]*ent.Member, error) {
	refs = commerce.Cleaned(refs)
	keys := make([]commerce.UUID, len(refs)) // by id, once the names are resolved
	phones := make([]string, len(refs))
	byExternal, err := externals(ctx, c, collect(refs, func(r commerce.MemberRef) *commerce.Reference { return r.External }))
	if err != nil {
		return nil, err
	}
	byIdentity, err := identities(ctx, c, collect(refs, func(r commerce.MemberRef) *commerce.Reference { return r.Identity }))
	if err != nil {
		return nil, err
	}
	mayAsk := auth.From(ctx).Can(auth.MembersPII)
	var ids []commerce.UUID
	var asked []string
	for i, r := range refs {
		switch {
		case r.ID != nil:
			keys[i] = *r.ID
		case r.External != nil:
			keys[i] = byExternal[*r.External]
		case r.Identity != nil:
			keys[i] = byIdentity[*r.Identity]
		default:
			if folded, ok := foldPhone(r.Phone); ok && mayAsk {
				phones[i] = folded
				asked = append(asked, folded)
			}
		}
		if keys[i] != (commerce.UUID{}) {
			ids = append(ids, keys[i])
		}
	}
	byID, byPhone := map[commerce.UUID]*ent.Member{}, map[string]*ent.Member{}
	if len(ids) > 0 {
		found, err := c.Member.Query().Where(member.IDIn(ids...)).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			byID[m.ID] = m
		}
	}
	if len(asked) > 0 {
		found, err := c.Member.Query().Where(member.PhoneFoldedIn(asked...)).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			byPhone[*m.PhoneFolded] = m
		}
	}
	out := make([]*ent.Member, len(refs))
	for i := range refs {
		if out[i] = byID[keys[i]]; out[i] == nil && phones[i] != "" {
			out[i] = byPhone[phones[i]]
		}
	}
	return out, nil
}

// FindOne answers one member, nil when the viewer has none such.
func FindOne(ctx context.Context, c *ent.Client, ref commerce.MemberRef) (*ent.Member, error) {
	found, err := Find(ctx, c, []commerce.MemberRef{ref})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// externals and identities answer more than was asked, since systems and values are asked for apart: no harm in a map.
func externals(ctx context.Context, c *ent.Client, refs []commerce.Reference) (map[commerce.Reference]commerce.UUID, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	systems, values := apart(refs)
	found, err := c.ExternalRef.Query().Where(externalref.Kind("member"), externalref.SystemIn(systems...), externalref.ValueIn(values...)).All(ctx)
	if err != nil {
		return nil, err
	}
	out := map[commerce.Reference]commerce.UUID{}
	for _, r := range found {
		if r.MemberID != nil {
			out[commerce.Reference{System: r.System, Value: r.Value}] = *r.MemberID
		}
	}
	return out, nil
}

func identities(ctx context.Context, c *ent.Client, refs []commerce.Reference) (map[commerce.Reference]commerce.UUID, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	systems, values := apart(refs)
	found, err := c.MemberIdentity.Query().Where(memberidentity.SystemIn(systems...), memberidentity.ValueIn(values...)).All(ctx)
	if err != nil {
		return nil, err
	}
	out := map[commerce.Reference]commerce.UUID{}
	for _, r := range found {
		out[commerce.Reference{System: r.System, Value: r.Value}] = r.MemberID
	}
	return out, nil
}

func collect(refs []commerce.MemberRef, name func(commerce.MemberRef) *commerce.Reference) []commerce.Reference {
	var out []commerce.Reference
	for _, r := range refs {
		if n := name(r); n != nil {
			out = append(out, *n)
		}
	}
	return out
}

func apart(refs []commerce.Reference) (systems, values []string) {
	for _, r := range refs {
		systems, values = append(systems, r.System), append(values, r.Value)
	}
	return systems, values
}
