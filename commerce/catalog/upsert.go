package catalog

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/category"
	"github.com/oneshelf/oneshelf/ent/variant"
	"github.com/oneshelf/oneshelf/events"
)

// Upserted is a product as it is now, and whether it was made.
type Upserted struct {
	Product *ent.Product
	Created bool
}

// Upsert makes a product or brings it up to date, with its variants. Absent keeps, null clears; variants and external references are
// merged, other lists replaced. Saying the same again changes nothing. Descriptions are kept as plain text.
// Errors: FORBIDDEN without products:write, or when it says a price without prices:write; NOT_FOUND for an unknown by id;
// INVALID_INPUT, ALREADY_EXISTS and LIMIT_EXCEEDED, all that there are, each at its field; CONFLICT after lost races.
func (s *Service) Upsert(ctx context.Context, in UpsertInput) (Upserted, error) {
	if err := auth.Need(ctx, auth.ProductsWrite); err != nil {
		return Upserted{}, err
	}
	if in.pricing() {
		if err := auth.Need(ctx, auth.PricesWrite); err != nil {
			return Upserted{}, err
		}
	}
	in, err := in.clean(auth.From(ctx).Currency)
	if err != nil {
		return Upserted{}, err
	}
	return events.Again(ctx, s.Store, func(tx *events.Tx) (Upserted, error) {
		u := upsert{Tx: tx, in: in}
		return u.run(ctx)
	})
}

// upsert is one run of Upsert inside its transaction.
type upsert struct {
	*events.Tx
	in    UpsertInput
	wrong commerce.Errors

	old      *ent.Product // nil when it is made
	id       commerce.UUID
	now      face
	category []string
}

// face is what of a product an upsert says; two equal faces need no update.
type face struct {
	Handle, Title, Description, Status, Vendor string
	Tags                                       []string
	Options                                    []commerce.OptionSet
	Media                                      []commerce.Media
	Category                                   commerce.UUID // nil for none
	Search                                     string
	Min, Max                                   int64 // -1 for none
}

func faceOf(p *ent.Product) face {
	f := face{
		Handle: p.Handle, Title: p.Title, Description: p.Description, Status: p.Status, Vendor: p.Vendor,
		Tags: filled(p.Tags), Options: filled(p.Options), Media: filled(p.Media), Search: p.Search,
		Min: amount(p.MinPrice), Max: amount(p.MaxPrice),
	}
	if p.CategoryID != nil {
		f.Category = *p.CategoryID
	}
	return f
}

// filled makes a missing list an empty one, so that the two are equal.
func filled[T any](in []T) []T { return append([]T{}, in...) }

func amount(p *int64) int64 {
	if p == nil {
		return -1
	}
	return *p
}

func (u *upsert) run(ctx context.Context) (Upserted, error) {
	if err := u.find(ctx); err != nil {
		return Upserted{}, err
	}
	if err := u.describe(ctx); err != nil {
		return Upserted{}, err
	}
	plan, err := u.planVariants(ctx)
	if err != nil {
		return Upserted{}, err
	}
	refs, err := u.planReferences(ctx, plan)
	if err != nil {
		return Upserted{}, err
	}
	if err := u.wrong.Err(); err != nil {
		return Upserted{}, u.judged(ctx, err)
	}
	u.now.Search = searchText(u.now, u.category, plan.all)
	u.now.Min, u.now.Max = priceRange(plan.all)
	return u.save(ctx, plan, refs)
}

// judged is what is wrong, unless somebody else made the product while we looked: then what is taken may be the product's own.
func (u *upsert) judged(ctx context.Context, wrong error) error {
	if u.old != nil {
		return wrong
	}
	found, err := FindProduct(ctx, u.Ent, u.ref())
	if err != nil {
		return err
	}
	if found != nil {
		return events.ErrRaced
	}
	return wrong
}

// ref names the product: by goes before the handle.
func (u *upsert) ref() commerce.ProductRef {
	if u.in.By != nil {
		return *u.in.By
	}
	return commerce.ProductRef{Handle: u.in.Handle.Or("")}
}

// save writes what differs: the product first, since variants and references point at it, and nothing at all when nothing does.
func (u *upsert) save(ctx context.Context, plan variantPlan, refs []Bindings) (Upserted, error) {
	out := Upserted{Product: u.old, Created: u.old == nil}
	touched := len(plan.made)+len(plan.kept) > 0 || slices.ContainsFunc(refs, Bindings.Touches)
	var err error
	switch {
	case out.Created:
		out.Product, err = u.create(ctx)
	case touched || !reflect.DeepEqual(faceOf(u.old), u.now):
		out.Product, err = u.update(ctx)
	default:
		return out, nil
	}
	if err != nil {
		return out, err
	}
	if err := u.saveVariants(ctx, plan); err != nil {
		return out, err
	}
	if u.old == nil || u.old.Search != u.now.Search {
		if err := index(ctx, u.Tx, u.id, weigh(u.now, u.category, plan.all)); err != nil {
			return out, err
		}
	}
	for _, r := range refs {
		if err := r.Save(ctx, u.Tx); err != nil {
			return out, err
		}
	}
	return out, changed(ctx, u.Tx, u.id, out.Product.Version)
}

// planReferences judges the external references of the product and of the variants.
func (u *upsert) planReferences(ctx context.Context, plan variantPlan) ([]Bindings, error) {
	own := []Binding{{Owner: u.id, Path: []string{"externalRefs"}, Refs: u.in.ExternalRefs.Or(nil), Clear: u.in.ExternalRefs.IsNull()}}
	if u.old == nil && u.in.By != nil && u.in.By.External != nil {
		own = append(own, Binding{Owner: u.id, Path: []string{"by", "externalRef"}, Refs: []commerce.Reference{*u.in.By.External}})
	}
	ofProduct, errs, err := PlanBindings(ctx, u.Ent, OfProduct, own)
	if err != nil {
		return nil, err
	}
	u.wrong = append(u.wrong, errs...)
	ofVariants, errs, err := PlanBindings(ctx, u.Ent, OfVariant, plan.bindings)
	u.wrong = append(u.wrong, errs...)
	return []Bindings{ofProduct, ofVariants}, err
}

// find names the product: the old one, locked, or the id of the one to be made.
func (u *upsert) find(ctx context.Context) error {
	ref := u.ref()
	found, err := FindProduct(ctx, u.Ent, ref)
	if err != nil {
		return err
	}
	if found == nil {
		if ref.ID != nil {
			return commerce.Errorf(commerce.NotFound, "there is no such product").At("by")
		}
		u.id = commerce.NewUUID()
		return nil
	}
	u.id = found.ID
	if err := lockProduct(ctx, u.Tx, u.id); err != nil {
		return err
	}
	u.old, err = u.Ent.Product.Get(ctx, u.id) // as it is now that nobody else changes it
	return err
}

// describe decides what the product's own fields become.
func (u *upsert) describe(ctx context.Context) error {
	if u.old != nil {
		u.now = faceOf(u.old)
	} else {
		u.now = face{Status: Draft, Tags: []string{}, Options: []commerce.OptionSet{}, Media: []commerce.Media{}}
		if !u.in.Title.Given() {
			u.wrong.Invalid([]string{"title"}, "is needed for a new product")
		}
		u.now.Handle = u.firstHandle()
	}
	in := u.in
	u.now.Handle = in.Handle.Or(u.now.Handle)
	u.now.Title = in.Title.Or(u.now.Title)
	u.now.Description = in.Description.Or(u.now.Description)
	u.now.Status = in.Status.Or(u.now.Status)
	u.now.Vendor = in.Vendor.Or(u.now.Vendor)
	u.now.Tags = filled(in.Tags.Or(u.now.Tags))
	u.now.Options = filled(in.Options.Or(u.now.Options))
	u.now.Media = filled(in.Media.Or(u.now.Media))
	if err := u.checkHandle(ctx); err != nil {
		return err
	}
	return u.categorize(ctx)
}

// firstHandle is the handle of a new product that is given none.
func (u *upsert) firstHandle() string {
	if u.in.Handle.Given() {
		return ""
	}
	if u.in.By.Handle != "" {
		return u.in.By.Handle
	}
	handle, ok := slug(u.in.Title.Or(""))
	if !ok {
		u.wrong.Invalid([]string{"handle"}, "is needed for a new product whose title makes none")
	}
	return handle
}

// checkHandle refuses a handle that another product has.
func (u *upsert) checkHandle(ctx context.Context) error {
	if u.old != nil && u.old.Handle == u.now.Handle {
		return nil
	}
	other, err := FindProduct(ctx, u.Ent, commerce.ProductRef{Handle: u.now.Handle})
	if err != nil || other == nil {
		return err
	}
	u.wrong.Add(taken("another product has this handle", commerce.ProductID, other.ID).At("handle"))
	return nil
}

// taken is ALREADY_EXISTS with what is there.
func taken(message string, kind commerce.Kind, id commerce.UUID) *commerce.Error {
	return &commerce.Error{Code: commerce.AlreadyExists, Message: message, Details: commerce.Existing{ID: commerce.ID{Kind: kind, UUID: id}}}
}

// categorize finds or makes the node of the path; two who make the same one at once get the same one.
func (u *upsert) categorize(ctx context.Context) error {
	if !u.in.Category.Given() {
		if u.now.Category == (commerce.UUID{}) {
			return nil
		}
		node, err := u.Ent.Category.Get(ctx, u.now.Category)
		if err == nil {
			u.category = node.Path
		}
		return err
	}
	path := u.in.Category.Or(nil)
	u.category = path
	if len(path) == 0 {
		u.now.Category = commerce.UUID{}
		return nil
	}
	key := strings.Join(path, pathSeparator)
	node, err := u.Ent.Category.Query().Where(category.PathKey(key)).Only(ctx)
	if ent.IsNotFound(err) {
		names, err := json.Marshal(path)
		if err != nil {
			return err
		}
		if _, err := u.Exec(ctx, `INSERT INTO categories (id, brand_id, name, path, path_key) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (brand_id, path_key) DO NOTHING`,
			commerce.NewUUID(), u.Viewer.Brand, path[len(path)-1], string(names), key); err != nil {
			return err
		}
		if node, err = u.Ent.Category.Query().Where(category.PathKey(key)).Only(ctx); err != nil {
			return err
		}
		u.now.Category = node.ID
		return nil
	}
	if err == nil {
		u.now.Category = node.ID
	}
	return err
}

// create writes the new product.
func (u *upsert) create(ctx context.Context) (*ent.Product, error) {
	c := u.Ent.Product.Create().SetID(u.id).SetCreatedAt(u.Now).SetUpdatedAt(u.Now).
		SetHandle(u.now.Handle).SetTitle(u.now.Title).SetDescription(u.now.Description).SetStatus(u.now.Status).SetVendor(u.now.Vendor).
		SetTags(u.now.Tags).SetOptions(u.now.Options).SetMedia(u.now.Media).SetSearch(u.now.Search)
	if u.now.Category != (commerce.UUID{}) {
		c.SetCategoryID(u.now.Category)
	}
	if u.now.Min >= 0 {
		c.SetMinPrice(u.now.Min).SetMaxPrice(u.now.Max)
	}
	return c.Save(ctx)
}

// update writes the product as it is now and raises its version.
func (u *upsert) update(ctx context.Context) (*ent.Product, error) {
	c := u.Ent.Product.UpdateOneID(u.id).AddVersion(1).SetUpdatedAt(u.Now).
		SetHandle(u.now.Handle).SetTitle(u.now.Title).SetDescription(u.now.Description).SetStatus(u.now.Status).SetVendor(u.now.Vendor).
		SetTags(u.now.Tags).SetOptions(u.now.Options).SetMedia(u.now.Media).SetSearch(u.now.Search)
	if u.now.Category != (commerce.UUID{}) {
		c.SetCategoryID(u.now.Category)
	} else {
		c.ClearCategoryID()
	}
	if u.now.Min >= 0 {
		c.SetMinPrice(u.now.Min).SetMaxPrice(u.now.Max)
	} else {
		c.ClearMinPrice().ClearMaxPrice()
	}
	return c.Save(ctx)
}

// variantsOf answers all variants of a product, in order.
func variantsOf(ctx context.Context, c *ent.Client, id commerce.UUID) ([]*ent.Variant, error) {
	return c.Variant.Query().Where(variant.ProductID(id)).Order(variant.ByPosition(), variant.ByID()).All(ctx)
}

// priceRange is the lowest and highest base price, -1 without any.
func priceRange(variants []*ent.Variant) (lowest, highest int64) {
	lowest, highest = -1, -1
	for _, v := range variants {
		if v.PriceAmount == nil {
			continue
		}
		if lowest < 0 || *v.PriceAmount < lowest {
			lowest = *v.PriceAmount
		}
		highest = max(highest, *v.PriceAmount)
	}
	return lowest, highest
}
