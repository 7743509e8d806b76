package catalog

import (
	"context"
	"reflect"
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/variant"
)

const (
	maxVariantsOfCall    = 250
	maxVariantsOfProduct = 2000
)

// variantPlan is what merging the variants comes to.
type variantPlan struct {
	all      []*ent.Variant // as they will be, in order
	made     []*ent.Variant
	kept     []*ent.Variant // those that differ from what is stored
	bindings []Binding
}

// merge is the merging of one call's variants into a product's.
type merge struct {
	*upsert
	there    map[commerce.UUID]*ent.Variant // the product's, as stored
	choices  map[string]commerce.UUID       // the product's, as stored, and those of the entries before
	named    map[string]*ent.Variant        // what the entries name in the brand, as lookUp calls it
	seen     map[commerce.UUID]bool         // variants of the entries before
	skus     map[string]bool                // of the entries before
	barcodes map[string]bool
	judged   map[commerce.UUID]bool // variants whose choices are said in this call
}

// planVariants decides what becomes of the variants. However many there are, it takes at most five statements.
func (u *upsert) planVariants(ctx context.Context) (variantPlan, error) {
	var stored []*ent.Variant
	var err error
	if u.old != nil {
		if stored, err = variantsOf(ctx, u.Ent, u.id); err != nil {
			return variantPlan{}, err
		}
	}
	m := merge{
		upsert: u, there: map[commerce.UUID]*ent.Variant{}, choices: map[string]commerce.UUID{},
		seen: map[commerce.UUID]bool{}, skus: map[string]bool{}, barcodes: map[string]bool{}, judged: map[commerce.UUID]bool{},
	}
	position := 0
	for _, v := range stored {
		m.there[v.ID], m.choices[v.OptionsKey] = v, v.ID
		position = max(position, v.Position+1)
	}
	if m.named, err = u.lookUp(ctx); err != nil {
		return variantPlan{}, err
	}
	var plan variantPlan
	next := map[commerce.UUID]*ent.Variant{}
	for i, in := range u.in.Variants {
		path := []string{"variants", strconv.Itoa(i)}
		old, ok := m.find(in, path)
		if !ok {
			continue
		}
		v := m.decide(in, old, path)
		switch {
		case old == nil:
			v.Position = position
			position++
			plan.made = append(plan.made, v)
		case !reflect.DeepEqual(variantFaceOf(old), variantFaceOf(v)):
			plan.kept = append(plan.kept, v)
		}
		next[v.ID] = v
		plan.bindings = append(plan.bindings, bindingsOf(in, old, v.ID, path)...)
	}
	for _, v := range stored {
		if n := next[v.ID]; n != nil {
			v = n
		}
		plan.all = append(plan.all, v)
	}
	plan.all = append(plan.all, plan.made...)
	if len(plan.all) > maxVariantsOfProduct {
		u.wrong.Add(commerce.Errorf(commerce.LimitExceeded, "a product has at most %d variants", maxVariantsOfProduct).At("variants"))
	}
	u.checkChoices(plan.all, m.judged)
	return plan, nil
}

// lookUp finds all that the entries name, in whatever product of the brand.
func (u *upsert) lookUp(ctx context.Context) (map[string]*ent.Variant, error) {
	var keys []string
	var refs []commerce.VariantRef
	ask := func(key string, ref commerce.VariantRef) { keys, refs = append(keys, key), append(refs, ref) }
	for i, in := range u.in.Variants {
		if in.By != nil {
			ask("by "+strconv.Itoa(i), *in.By)
		}
		if sku, ok := in.SKU.Get(); ok {
			ask("sku "+strconv.Itoa(i), commerce.VariantRef{SKU: sku})
		}
		if barcode, ok := in.Barcode.Get(); ok {
			ask("barcode "+strconv.Itoa(i), commerce.VariantRef{Barcode: barcode})
		}
	}
	if len(refs) == 0 {
		return nil, nil
	}
	found, err := FindVariants(ctx, u.Ent, refs)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*ent.Variant, len(keys))
	for i, key := range keys {
		out[key] = found[i]
	}
	return out, nil
}

// find tells which variant an entry is about: nil for a new one. It answers false after an error.
func (m *merge) find(in VariantInput, path []string) (*ent.Variant, bool) {
	i, field := path[1], "sku"
	var v *ent.Variant
	switch {
	case in.By != nil:
		field = "by"
		v = m.named["by "+i]
		if v == nil && in.By.ID != nil {
			m.wrong.Add(commerce.Errorf(commerce.NotFound, "there is no such variant").At(below(path, field)...))
			return nil, false
		}
	case in.SKU.Given():
		v = m.named["sku "+i]
	}
	if chosen := in.SelectedOptions.Or(nil); v == nil && in.By == nil && len(chosen) > 0 {
		if id, ok := m.choices[choiceKey(chosen)]; ok && !m.seen[id] {
			field, v = "selectedOptions", m.there[id]
		}
	}
	if v == nil {
		return nil, true
	}
	if v.ProductID != m.id {
		m.wrong.Add(taken("is a variant of another product", commerce.VariantID, v.ID).At(below(path, field)...))
		return nil, false
	}
	if m.seen[v.ID] {
		m.wrong.Add(taken("an earlier entry is about the same variant", commerce.VariantID, v.ID).At(below(path, field)...))
		return nil, false
	}
	m.seen[v.ID] = true
	return m.there[v.ID], m.there[v.ID] != nil
}

// decide answers the variant as it will be, and collects what is wrong with that.
func (m *merge) decide(in VariantInput, old *ent.Variant, path []string) *ent.Variant {
	at := func(names ...string) []string { return below(path, names...) }
	v := &ent.Variant{ID: commerce.NewUUID(), ProductID: m.id, Version: 1}
	if old != nil {
		same := *old
		v = &same
	} else if in.By != nil {
		v.Sku = in.By.SKU
		if in.By.Barcode != "" {
			v.Barcode = &in.By.Barcode
		}
	}
	v.Sku = in.SKU.Or(v.Sku)
	v.SkuFolded = commerce.Fold(v.Sku)
	v.Title = in.Title.Or(v.Title)
	v.Barcode = pointer(in.Barcode, v.Barcode)
	v.WeightGrams = pointer(in.WeightGrams, v.WeightGrams)
	v.PriceAmount = pointer(amountOf(in.Price), v.PriceAmount)
	v.CompareAtAmount = pointer(amountOf(in.CompareAt), v.CompareAtAmount)
	if in.SelectedOptions.Given() {
		v.SelectedOptions = in.SelectedOptions.Or(nil)
	}
	m.checkCodes(v, path)
	m.checkChoice(in, v, at("selectedOptions"))
	return v
}

// checkCodes refuses a SKU or a barcode that another variant has, or an earlier entry.
func (m *merge) checkCodes(v *ent.Variant, path []string) {
	if v.Sku == "" {
		m.wrong.Invalid(below(path, "sku"), "is needed for a new variant")
		return
	}
	if other := m.named["sku "+path[1]]; other != nil && other.ID != v.ID {
		m.wrong.Add(taken("another variant has this SKU", commerce.VariantID, other.ID).At(below(path, "sku")...))
	} else if m.skus[v.SkuFolded] {
		m.wrong.Add(commerce.Errorf(commerce.AlreadyExists, "an earlier entry has this SKU").At(below(path, "sku")...))
	}
	m.skus[v.SkuFolded] = true
	if v.Barcode == nil {
		return
	}
	if other := m.named["barcode "+path[1]]; other != nil && other.ID != v.ID {
		m.wrong.Add(taken("another variant has this barcode", commerce.VariantID, other.ID).At(below(path, "barcode")...))
	} else if m.barcodes[*v.Barcode] {
		m.wrong.Add(commerce.Errorf(commerce.AlreadyExists, "an earlier entry has this barcode").At(below(path, "barcode")...))
	}
	m.barcodes[*v.Barcode] = true
}

// checkChoice refuses choices the product does not have, and those of another variant: there is one for each.
func (m *merge) checkChoice(in VariantInput, v *ent.Variant, path []string) {
	v.SelectedOptions = filled(v.SelectedOptions)
	v.OptionsKey = choiceKey(v.SelectedOptions)
	if in.SelectedOptions.Given() {
		m.judged[v.ID] = true
		for i, o := range v.SelectedOptions {
			values := m.values(o.Name)
			if values == nil {
				m.wrong.Invalid(below(entry(path, i), "name"), "is no option of the product")
			} else if !slices.Contains(values, o.Value) {
				m.wrong.Invalid(below(entry(path, i), "value"), "is no value of this option")
			}
		}
	}
	if other, ok := m.choices[v.OptionsKey]; ok && other != v.ID {
		m.wrong.Add(taken("there is a variant for these choices", commerce.VariantID, other).At(path...))
	}
	m.choices[v.OptionsKey] = v.ID
}

// values are those of one of the product's options, nil when it has no such option.
func (u *upsert) values(option string) []string {
	for _, o := range u.now.Options {
		if o.Name == option {
			return o.Values
		}
	}
	return nil
}

// checkChoices refuses options that leave a variant with a choice the product no longer has. Choices said in this call are judged
// where they are said.
func (u *upsert) checkChoices(all []*ent.Variant, judged map[commerce.UUID]bool) {
	if !u.in.Options.Given() {
		return
	}
	for _, v := range all {
		if judged[v.ID] {
			continue
		}
		for _, o := range v.SelectedOptions {
			if !slices.Contains(u.values(o.Name), o.Value) {
				u.wrong.Invalid([]string{"options"}, "leaves out %s: %s, which the variant %s has", o.Name, o.Value, v.Sku)
				return
			}
		}
	}
}

// saveVariants writes those that differ and makes the new ones in one statement.
func (u *upsert) saveVariants(ctx context.Context, plan variantPlan) error {
	for _, v := range plan.kept {
		c := u.Ent.Variant.Update().Where(variant.ID(v.ID)).AddVersion(1).SetUpdatedAt(u.Now).
			SetSku(v.Sku).SetSkuFolded(v.SkuFolded).SetTitle(v.Title).SetSelectedOptions(v.SelectedOptions).SetOptionsKey(v.OptionsKey).
			SetNillableBarcode(v.Barcode).SetNillableWeightGrams(v.WeightGrams).
			SetNillablePriceAmount(v.PriceAmount).SetNillableCompareAtAmount(v.CompareAtAmount)
		if v.Barcode == nil {
			c.ClearBarcode()
		}
		if v.WeightGrams == nil {
			c.ClearWeightGrams()
		}
		if v.PriceAmount == nil {
			c.ClearPriceAmount()
		}
		if v.CompareAtAmount == nil {
			c.ClearCompareAtAmount()
		}
		if err := c.Exec(ctx); err != nil {
			return err
		}
	}
	if len(plan.made) == 0 {
		return nil
	}
	rows := make([]*ent.VariantCreate, len(plan.made))
	for i, v := range plan.made {
		rows[i] = u.Ent.Variant.Create().SetID(v.ID).SetProductID(u.id).SetCreatedAt(u.Now).SetUpdatedAt(u.Now).
			SetSku(v.Sku).SetSkuFolded(v.SkuFolded).SetTitle(v.Title).SetSelectedOptions(v.SelectedOptions).SetOptionsKey(v.OptionsKey).
			SetNillableBarcode(v.Barcode).SetNillableWeightGrams(v.WeightGrams).SetPosition(v.Position).
			SetNillablePriceAmount(v.PriceAmount).SetNillableCompareAtAmount(v.CompareAtAmount)
	}
	return u.Ent.Variant.CreateBulk(rows...).Exec(ctx)
}

// bindingsOf are the external references an entry says, and the one it was named by when it is new.
func bindingsOf(in VariantInput, old *ent.Variant, id commerce.UUID, path []string) []Binding {
	out := []Binding{{Owner: id, Path: below(path, "externalRefs"), Refs: in.ExternalRefs.Or(nil), Clear: in.ExternalRefs.IsNull()}}
	if old == nil && in.By != nil && in.By.External != nil {
		out = append(out, Binding{Owner: id, Path: below(path, "by", "externalRef"), Refs: []commerce.Reference{*in.By.External}})
	}
	return out
}

// variantFace is what of a variant an upsert says.
type variantFace struct {
	SKU, Title, OptionsKey string
	Options                []commerce.Option
	Barcode                *string
	Weight                 *int
	Price, CompareAt       *int64
}

func variantFaceOf(v *ent.Variant) variantFace {
	return variantFace{
		SKU: v.Sku, Title: v.Title, OptionsKey: v.OptionsKey, Options: filled(v.SelectedOptions),
		Barcode: v.Barcode, Weight: v.WeightGrams, Price: v.PriceAmount, CompareAt: v.CompareAtAmount,
	}
}

// pointer is the value said, or old when nothing was.
func pointer[T any](m commerce.Maybe[T], old *T) *T {
	if !m.Given() {
		return old
	}
	v, ok := m.Get()
	if !ok {
		return nil
	}
	return &v
}

// amountOf drops the currency, which was judged before.
func amountOf(m commerce.Maybe[commerce.Money]) commerce.Maybe[int64] {
	v, ok := m.Get()
	switch {
	case ok:
		return commerce.Some(v.Amount)
	case m.IsNull():
		return commerce.Null[int64]()
	}
	return commerce.Maybe[int64]{}
}
