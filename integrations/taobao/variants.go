package taobao

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
	"github.com/oneshelf/oneshelf/integrations/taobao/api"
)

type attr = xml.Attr

// table fills the table of variants, one row each. Rows of the item that are not the draft's stay as they are: they may be
// another's; the draft's own take their new figures and keep whatever else they hold.
func (f *filler) table(rule *node) []*node {
	columns := rule.under("fields", "field")
	sales := f.match(columns)
	var out []*node
	taken := map[string]string{}
	before := map[string]*node{} // the draft's rows as they are
	for _, row := range rule.all("complex-values") {
		if code := cell(columns, row, outerCode); f.mine(code) {
			before[code] = row
		} else if len(row.children) > 0 {
			out = append(out, row)
		}
	}
	for _, v := range f.draft.Variants {
		row := element("complex-values", "")
		var key []string
		for _, c := range columns {
			if has(c, "disableRule") || has(c, "readOnlyRule") {
				continue
			}
			value := f.cellOf(c, v, sales)
			if meaningOf(c) == attribute {
				key = append(key, value)
			}
			switch {
			case value != "":
				row.children = append(row.children, &node{name: "field", attrs: identity(c), children: []*node{element("value", value)}})
			case before[v.OuterCode] != nil && kept(before[v.OuterCode], c) != nil:
				row.children = append(row.children, kept(before[v.OuterCode], c))
			case has(c, "requiredRule"):
				f.reject("FIELD_MISSING", "the category requires %q of each variant, which %s does not have", clip(c.attr("name")), clip(v.OuterCode))
			}
		}
		same := strings.Join(key, "\x00")
		if other, twice := taken[same]; twice {
			f.reject("SAME_OPTIONS", "the variants %s and %s look the same on the marketplace", clip(other), clip(v.OuterCode))
		}
		taken[same] = v.OuterCode
		out = append(out, row)
	}
	return out
}

func (f *filler) mine(code string) bool {
	return slices.ContainsFunc(f.draft.Variants, func(v integrations.DraftVariant) bool { return v.OuterCode == code })
}

// strangers are the item's units that are not the draft's; the item's own price and number must take them in.
func (f *filler) strangers(doc *node) (out []integrations.DraftVariant) {
	r := &reader{}
	for _, rule := range doc.all("field") {
		if meaningOf(rule) != units {
			continue
		}
		columns := rule.under("fields", "field")
		for _, row := range rule.all("complex-values") {
			if len(row.children) > 0 && !f.mine(cell(columns, row, outerCode)) {
				out = append(out, integrations.DraftVariant{Price: r.fen(api.Text(cell(columns, row, price))), Quantity: r.count(api.Text(cell(columns, row, quantity)))})
			}
		}
	}
	return slices.Clip(out)
}

// cellOf is what a variant says to a column.
func (f *filler) cellOf(c *node, v integrations.DraftVariant, sales map[string][]string) string {
	switch meaningOf(c) {
	case price:
		return yuan(v.Price)
	case quantity:
		return strconv.Itoa(v.Quantity)
	case outerCode:
		return v.OuterCode
	case barcode:
		return v.Barcode
	case attribute:
		var words []string
		for _, name := range sales[c.attr("id")] {
			for _, o := range v.Options {
				if o.Name == name {
					words = append(words, o.Value)
				}
			}
		}
		if text := choose(c, strings.Join(words, " ")); text != "" || len(words) > 0 {
			return text
		}
		if has(c, "requiredRule") { // the product does not vary in it
			return choose(c, "均码", "默认", "其他")
		}
	}
	return ""
}

// match tells which of the draft's options go into which sales property, by id: the ones with a like name first, the rest into what is
// free, and when nothing is free, together with the last.
func (f *filler) match(columns []*node) map[string][]string {
	var free []*node
	for _, c := range columns {
		if meaningOf(c) == attribute && !has(c, "disableRule") && !has(c, "readOnlyRule") {
			free = append(free, c)
		}
	}
	out := map[string][]string{}
	if len(free) == 0 {
		return out
	}
	last := free[len(free)-1].attr("id")
	var rest []string
	for _, name := range f.optionNames() {
		n := slices.IndexFunc(free, func(c *node) bool { return sameWord(name, c.attr("name")) })
		if n < 0 {
			rest = append(rest, name)
			continue
		}
		out[free[n].attr("id")] = []string{name}
		free = slices.Delete(free, n, n+1)
	}
	for _, name := range rest {
		if len(free) > 0 {
			last, free = free[0].attr("id"), free[1:]
		}
		out[last] = append(out[last], name)
	}
	return out
}

// optionNames lists the names of the variants' options in the order they are met.
func (f *filler) optionNames() (out []string) {
	add := func(o commerce.Option) {
		if !slices.Contains(out, o.Name) {
			out = append(out, o.Name)
		}
	}
	for _, v := range f.draft.Variants {
		for _, o := range v.Options {
			add(o)
		}
	}
	return out
}

// cell reads a row's value in the column of a meaning.
func cell(columns []*node, row *node, m meaning) string {
	for _, c := range columns {
		if meaningOf(c) == m {
			if field := kept(row, c); field != nil && len(field.all("value")) > 0 {
				return strings.TrimSpace(field.all("value")[0].text)
			}
		}
	}
	return ""
}

// kept is a row's field of a column; nil when it is not there or empty.
func kept(row, column *node) *node {
	for _, f := range row.all("field") {
		if f.attr("id") == column.attr("id") && slices.ContainsFunc(f.children, func(v *node) bool { return strings.TrimSpace(v.text) != "" || len(v.children) > 0 }) {
			return f
		}
	}
	return nil
}

// words that mean the same in a brand's catalogue and in a category.
var synonyms = [][]string{
	{"颜色分类", "颜色", "color", "colour", "主要颜色"},
	{"尺码", "尺寸", "size", "鞋码", "规格"},
	{"材质", "材质成分", "面料", "material", "fabric"},
}

func sameWord(a, b string) bool {
	a, b = strings.ToLower(strings.TrimSpace(a)), strings.ToLower(strings.TrimSpace(b))
	if a == b {
		return true
	}
	return slices.ContainsFunc(synonyms, func(s []string) bool { return slices.Contains(s, a) && slices.Contains(s, b) })
}
