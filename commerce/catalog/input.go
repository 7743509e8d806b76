package catalog

import (
	"slices"
	"strconv"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/ent"
)

// The states of a product.
const (
	Draft    = "DRAFT"
	Active   = "ACTIVE"
	Archived = "ARCHIVED"
)

// UpsertInput is a product as it should be. Without By it goes by Handle.
type UpsertInput struct {
	By           *commerce.ProductRef
	Handle       commerce.Maybe[string]
	Title        commerce.Maybe[string]
	Description  commerce.Maybe[string]
	Status       commerce.Maybe[string]
	Vendor       commerce.Maybe[string]
	Tags         commerce.Maybe[[]string]
	Category     commerce.Maybe[[]string]
	Options      commerce.Maybe[[]commerce.OptionSet]
	Media        commerce.Maybe[[]commerce.Media]
	ExternalRefs commerce.Maybe[[]commerce.Reference] // merged; null drops all
	Variants     []VariantInput                       // merged
}

// VariantInput is a variant as it should be: found by By, else by SKU, else by SelectedOptions.
type VariantInput struct {
	By              *commerce.VariantRef
	SKU             commerce.Maybe[string]
	Barcode         commerce.Maybe[string]
	Title           commerce.Maybe[string]
	SelectedOptions commerce.Maybe[[]commerce.Option]
	WeightGrams     commerce.Maybe[int]
	Price           commerce.Maybe[commerce.Money]
	CompareAt       commerce.Maybe[commerce.Money]
	ExternalRefs    commerce.Maybe[[]commerce.Reference] // merged; null drops all
}

// pricing tells whether the input says anything about prices.
func (in UpsertInput) pricing() bool {
	return slices.ContainsFunc(in.Variants, func(v VariantInput) bool { return v.Price.Given() || v.CompareAt.Given() })
}

// clean checks all that can be judged without looking at what is there.
func (in UpsertInput) clean(home commerce.Currency) (UpsertInput, error) {
	var v verdicts
	if in.By != nil {
		in.By = v.productRef(*in.By, "by")
	}
	if in.Handle.Given() {
		in.Handle = commerce.Some(v.cleanHandle(in.Handle.Or(""), "handle"))
	} else if in.By == nil {
		v.Invalid([]string{"handle"}, "is needed when the product is not named by by")
	}
	in.Title = v.Given(in.Title, titleText, "title")
	if in.Description.Given() {
		in.Description = commerce.Some(v.Text(plain(in.Description.Or("")), commerce.LongText, "description"))
	}
	if s, _ := in.Status.Get(); in.Status.Given() && s != Draft && s != Active && s != Archived {
		v.Invalid([]string{"status"}, "must be DRAFT, ACTIVE or ARCHIVED")
	}
	in.Vendor = v.Given(in.Vendor, commerce.ShortText, "vendor")
	in.Tags = list(in.Tags, v.cleanTags, "tags")
	in.Category = list(in.Category, v.cleanCategory, "category")
	in.Options = list(in.Options, v.cleanOptions, "options")
	in.Media = list(in.Media, v.cleanMedia, "media")
	in.ExternalRefs = list(in.ExternalRefs, v.cleanReferences, "externalRefs")
	if len(in.Variants) > maxVariantsOfCall {
		v.Add(commerce.Errorf(commerce.LimitExceeded, "holds %d variants, at most %d are allowed in one call", len(in.Variants), maxVariantsOfCall).At("variants"))
		return in, v.Err()
	}
	in.Variants = slices.Clone(in.Variants)
	for i := range in.Variants {
		in.Variants[i] = v.cleanVariant(in.Variants[i], home, "variants", strconv.Itoa(i))
	}
	return in, v.Err()
}

// list cleans a list that may be absent; null stays null.
func list[T any](m commerce.Maybe[[]T], clean func([]T, ...string) []T, path string) commerce.Maybe[[]T] {
	values, ok := m.Get()
	if !ok {
		return m
	}
	return commerce.Some(clean(values, path))
}

func (v *verdicts) cleanVariant(in VariantInput, home commerce.Currency, path ...string) VariantInput {
	at := func(name string) []string { return below(path, name) }
	if in.By != nil {
		in.By = v.variantRef(*in.By, at("by")...)
	}
	in.SKU = v.Given(in.SKU, commerce.CodeText, at("sku")...)
	if barcode, ok := in.Barcode.Get(); ok {
		in.Barcode = commerce.Some(v.Text(barcode, barcodeText, at("barcode")...))
	}
	in.Title = v.Given(in.Title, variantText, at("title")...)
	if options, ok := in.SelectedOptions.Get(); ok {
		in.SelectedOptions = commerce.Some(v.cleanSelected(options, at("selectedOptions")...))
	}
	if w, ok := in.WeightGrams.Get(); ok && (w < 0 || w > maxWeight) {
		v.Invalid(at("weightGrams"), "must be from 0 to %d", maxWeight)
	}
	if price, ok := in.Price.Get(); ok {
		v.money(price, home, at("price")...)
	}
	if compareAt, ok := in.CompareAt.Get(); ok {
		v.money(compareAt, home, at("compareAt")...)
	}
	if refs, ok := in.ExternalRefs.Get(); ok {
		in.ExternalRefs = commerce.Some(v.cleanReferences(refs, at("externalRefs")...))
	}
	if in.By == nil && !in.SKU.Given() && len(in.SelectedOptions.Or(nil)) == 0 {
		v.Invalid(path, "must be named by by, sku or selectedOptions")
	}
	return in
}

// cleanSelected checks the choices as texts; whether the product has them is judged against the product.
func (v *verdicts) cleanSelected(options []commerce.Option, path ...string) []commerce.Option {
	out := make([]commerce.Option, len(options))
	names := map[string]bool{}
	for i, o := range options {
		at := entry(path, i)
		out[i] = commerce.Option{
			Name:  v.Text(o.Name, optionText, below(at, "name")...),
			Value: v.Text(o.Value, optionText, below(at, "value")...),
		}
		if names[out[i].Name] {
			v.Invalid(below(at, "name"), "chooses for an option a second time")
		}
		names[out[i].Name] = true
	}
	return out
}

func (v *verdicts) productRef(r commerce.ProductRef, path string) *commerce.ProductRef {
	switch {
	case r.ID != nil:
	case r.External != nil:
		e := v.Reference(*r.External, path, "externalRef")
		r.External = &e
	default:
		r.Handle = v.cleanHandle(r.Handle, path, "handle")
	}
	return &r
}

func (v *verdicts) variantRef(r commerce.VariantRef, path ...string) *commerce.VariantRef {
	at := func(name string) []string { return below(path, name) }
	switch {
	case r.ID != nil:
	case r.External != nil:
		e := v.Reference(*r.External, at("externalRef")...)
		r.External = &e
	case r.Barcode != "":
		r.Barcode = v.Text(r.Barcode, barcodeText, at("barcode")...)
	default:
		r.SKU = v.Text(r.SKU, commerce.CodeText, at("sku")...)
	}
	return &r
}

// choiceKey is the same for the same choices in whatever order: the pairs by name. Cleaned texts hold neither separator.
func choiceKey(options []commerce.Option) string {
	pairs := make([]string, len(options))
	for i, o := range options {
		pairs[i] = o.Name + "\x1e" + o.Value
	}
	slices.Sort(pairs)
	return strings.Join(pairs, pathSeparator)
}

// searchText is what the text index reads of a product: folded words, with spaces between.
func searchText(p face, category []string, variants []*ent.Variant) string {
	words := append([]string{p.Title, p.Vendor, p.Handle}, p.Tags...)
	words = append(words, category...)
	for _, v := range variants {
		words = append(words, v.Sku)
		if v.Barcode != nil {
			words = append(words, *v.Barcode)
		}
	}
	return commerce.Fold(strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
}
