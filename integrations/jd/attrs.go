package jd

import (
	"context"
	"slices"
	"strconv"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/jd/api"
)

// saleAttrKind is the kind of attribute that tells SKUs of a ware apart.
const saleAttrKind = 4

// alike are the names under which sale attributes and options mean the same.
var alike = [][]string{
	{"颜色", "颜色分类", "颜色选择", "color", "colour"},
	{"尺码", "尺寸", "尺码选择", "size"},
}

// saleAttrs says each variant's options in the attributes of the category, one list per variant. JD names values by ids; what the buyer
// reads is the alias, so a value without a namesake takes an id nobody else uses. Where the application may not ask for attributes, the
// option's place and text go out instead, and JD says what it wants.
func (s *shop) saleAttrs(ctx context.Context, d integrations.Draft) ([][]api.SaleAttr, error) {
	var known api.Attrs
	if s.category != 0 {
		err := s.call(ctx, "jingdong.category.read.findAttrsByCategoryIdUnlimitCate",
			api.AttrSearch{AttributeType: saleAttrKind, CID: s.category, Field: "attrValueList"}, &known)
		if err != nil && !absent(err) {
			return nil, err
		}
	}
	attrs, values := attributesOf(d, known.Attrs), map[string]api.Text{}
	out := make([][]api.SaleAttr, len(d.Variants))
	for n, v := range d.Variants {
		for place, option := range optionsOf(d, v, len(known.Attrs)) {
			attr := attrs[option.Name]
			if attr.ID == "" {
				attr.ID = api.Text(strconv.Itoa(place + 1))
			}
			key := string(attr.ID) + "\n" + option.Value
			if values[key] == "" {
				values[key] = valueOf(attr, option.Value, values)
			}
			out[n] = append(out[n], api.SaleAttr{AttrID: attr.ID, Aliases: api.List[api.Text]{api.Text(option.Value)},
				Values: api.List[api.Text]{values[key]}})
		}
	}
	return out, nil
}

// optionsOf is a variant's options as a category of so many attributes can tell them. Even a product without options has one on its
// SKU; and what is too many is told in the last one together.
func optionsOf(d integrations.Draft, v integrations.DraftVariant, attributes int) []commerce.Option {
	switch {
	case len(v.Options) == 0 && len(d.Variants) == 1:
		return []commerce.Option{{Value: "默认"}}
	case len(v.Options) == 0:
		return []commerce.Option{{Value: v.OuterCode}}
	case attributes == 0 || len(v.Options) <= attributes:
		return v.Options
	}
	out := slices.Clone(v.Options[:attributes])
	for _, o := range v.Options[attributes:] {
		out[attributes-1].Value += " " + o.Value
	}
	return out
}

// attributesOf pairs the draft's options with the category's attributes: by name, then by place.
func attributesOf(d integrations.Draft, known []api.Attr) map[string]api.Attr {
	out := map[string]api.Attr{}
	free := slices.Clone(known)
	take := func(option string, fits func(api.Attr) bool) {
		at := slices.IndexFunc(free, fits)
		if _, done := out[option]; done || at < 0 {
			return
		}
		out[option] = free[at]
		free = slices.Delete(free, at, at+1)
	}
	for _, o := range d.Options {
		take(o.Name, func(a api.Attr) bool { return same(o.Name, string(a.Name)) })
	}
	for _, o := range d.Options {
		take(o.Name, func(api.Attr) bool { return true })
	}
	if len(d.Options) == 0 {
		take("", func(api.Attr) bool { return true })
	}
	return out
}

func same(a, b string) bool {
	a, b = commerce.Fold(a), commerce.Fold(b)
	if a == b {
		return true
	}
	for _, names := range alike {
		if slices.Contains(names, a) && slices.Contains(names, b) {
			return true
		}
	}
	return false
}

// valueOf finds the id of a value: its namesake's, else the first that is not taken, else the text itself.
func valueOf(attr api.Attr, text string, taken map[string]api.Text) api.Text {
	for _, v := range attr.Values {
		if commerce.Fold(string(v.Name)) == commerce.Fold(text) {
			return v.ID
		}
	}
	for _, v := range attr.Values {
		used := false
		for _, id := range taken {
			used = used || id == v.ID
		}
		if !used {
			return v.ID
		}
	}
	return api.Text(text)
}
