package catalog

import (
	"context"
	"maps"
	"slices"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/externalref"
	"github.com/oneshelf/oneshelf/ent/predicate"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/internal/db"
)

// Owner is the kind of row an external reference names.
type Owner string

// The kinds whose external references this package keeps; members keep theirs.
const (
	OfProduct  Owner = "product"
	OfVariant  Owner = "variant"
	OfLocation Owner = "location"
)

// MaxReferences is how many external references one row may have.
const MaxReferences = 20

// owner is the row a reference belongs to.
func (o Owner) owner(r *ent.ExternalRef) commerce.UUID {
	var id *commerce.UUID
	switch o {
	case OfProduct:
		id = r.ProductID
	case OfVariant:
		id = r.VariantID
	case OfLocation:
		id = r.LocationID
	}
	if id == nil {
		return commerce.UUID{}
	}
	return *id
}

// owned is the condition that a reference belongs to one of the rows.
func (o Owner) owned(ids []commerce.UUID) predicate.ExternalRef {
	switch o {
	case OfProduct:
		return externalref.ProductIDIn(ids...)
	case OfVariant:
		return externalref.VariantIDIn(ids...)
	default:
		return externalref.LocationIDIn(ids...)
	}
}

// own makes the row the reference's owner.
func (o Owner) own(r *ent.ExternalRefCreate, id commerce.UUID) *ent.ExternalRefCreate {
	switch o {
	case OfProduct:
		return r.SetProductID(id)
	case OfVariant:
		return r.SetVariantID(id)
	default:
		return r.SetLocationID(id)
	}
}

// FindExternal answers which rows of a kind the references name; unknown ones are missing. One statement, none for no reference.
func FindExternal(ctx context.Context, c *ent.Client, kind Owner, refs []commerce.Reference) (map[commerce.Reference]commerce.UUID, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	systems, values := make([]string, len(refs)), make([]string, len(refs))
	for i, r := range refs {
		systems[i], values[i] = r.System, r.Value
	}
	// Systems and values are asked for apart, so the answer may hold pairs that nobody asked for: they do no harm in a map.
	found, err := c.ExternalRef.Query().Where(externalref.Kind(string(kind)),
		externalref.SystemIn(db.Distinct(systems)...), externalref.ValueIn(db.Distinct(values)...)).All(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[commerce.Reference]commerce.UUID, len(found))
	for _, r := range found {
		out[commerce.Reference{System: r.System, Value: r.Value}] = kind.owner(r)
	}
	return out, nil
}

func externals[R any](refs []R, external func(R) *commerce.Reference) []commerce.Reference {
	var out []commerce.Reference
	for _, r := range refs {
		if e := external(r); e != nil {
			out = append(out, *e)
		}
	}
	return out
}

// Binding is the external references that one row shall have besides those it has; Path is where they stand in the input.
type Binding struct {
	Owner commerce.UUID
	Path  []string
	Refs  []commerce.Reference
	Clear bool // first drop those it has and Refs does not name
}

// Bindings is what merging external references comes to. Its zero value is nothing.
type Bindings struct {
	kind    Owner
	add     []addition
	drop    []commerce.UUID
	touched map[commerce.UUID]bool
}

type addition struct {
	owner commerce.UUID
	ref   commerce.Reference
}

// Touches tells whether any row gets or loses a reference.
func (b Bindings) Touches() bool { return len(b.touched) > 0 }

// PlanBindings judges external references before anything is written. Errors: ALREADY_EXISTS at an entry that names another row
// already, LIMIT_EXCEEDED. Two statements, however many rows; none when there is nothing to do.
func PlanBindings(ctx context.Context, c *ent.Client, kind Owner, bindings []Binding) (Bindings, commerce.Errors, error) {
	bindings = slices.DeleteFunc(slices.Clone(bindings), func(b Binding) bool { return len(b.Refs) == 0 && !b.Clear })
	if len(bindings) == 0 {
		return Bindings{}, nil, nil
	}
	var named []commerce.Reference
	for _, b := range bindings {
		named = append(named, b.Refs...)
	}
	holders, err := FindExternal(ctx, c, kind, named)
	if err != nil {
		return Bindings{}, nil, err
	}
	there, err := externalsOf(ctx, c, kind, bindings)
	if err != nil {
		return Bindings{}, nil, err
	}
	plan, errs := planBindings(kind, bindings, holders, there)
	return plan, errs, nil
}

// Save writes what was planned, in at most two statements. The rows must be there.
func (b Bindings) Save(ctx context.Context, tx *events.Tx) error {
	if len(b.drop) > 0 {
		if _, err := tx.Ent.ExternalRef.Delete().Where(externalref.IDIn(b.drop...)).Exec(ctx); err != nil {
			return err
		}
	}
	if len(b.add) == 0 {
		return nil
	}
	rows := make([]*ent.ExternalRefCreate, len(b.add))
	for i, a := range b.add {
		rows[i] = b.kind.own(tx.Ent.ExternalRef.Create().SetKind(string(b.kind)).SetSystem(a.ref.System).SetValue(a.ref.Value), a.owner)
	}
	return tx.Ent.ExternalRef.CreateBulk(rows...).Exec(ctx)
}

// externalsOf answers the references that the rows have.
func externalsOf(ctx context.Context, c *ent.Client, kind Owner, bindings []Binding) (map[commerce.UUID][]*ent.ExternalRef, error) {
	owners := make([]commerce.UUID, len(bindings))
	for i, b := range bindings {
		owners[i] = b.Owner
	}
	found, err := c.ExternalRef.Query().Where(kind.owned(owners)).All(ctx)
	if err != nil {
		return nil, err
	}
	out := map[commerce.UUID][]*ent.ExternalRef{}
	for _, r := range found {
		out[kind.owner(r)] = append(out[kind.owner(r)], r)
	}
	return out, nil
}

// planBindings decides what is added and dropped, given who has the named references and which the rows have.
func planBindings(kind Owner, bindings []Binding, holders map[commerce.Reference]commerce.UUID, there map[commerce.UUID][]*ent.ExternalRef) (Bindings, commerce.Errors) {
	plan := Bindings{kind: kind, touched: map[commerce.UUID]bool{}}
	var errs commerce.Errors
	holder := map[commerce.Reference]commerce.UUID{}
	maps.Copy(holder, holders)
	for _, b := range bindings {
		count := len(there[b.Owner])
		for _, r := range there[b.Owner] {
			if b.Clear && !slices.Contains(b.Refs, commerce.Reference{System: r.System, Value: r.Value}) {
				plan.drop = append(plan.drop, r.ID)
				plan.touched[b.Owner] = true
				count--
			}
		}
		for i, r := range b.Refs {
			id, held := holder[r]
			if held && id != b.Owner {
				errs = append(errs, commerce.Errorf(commerce.AlreadyExists, "this external reference names another %s", kind).At(entry(b.Path, i)...))
			}
			if held {
				continue
			}
			holder[r] = b.Owner
			plan.add = append(plan.add, addition{b.Owner, r})
			plan.touched[b.Owner] = true
			count++
		}
		if count > MaxReferences {
			errs = append(errs, commerce.Errorf(commerce.LimitExceeded, "a %s has at most %d external references", kind, MaxReferences).At(b.Path...))
		}
	}
	return plan, errs
}
