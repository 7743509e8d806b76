package taobao

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/integrations"
)

// meaning is what a schema field is about, told by its name: ids differ from category to category, names are what sellers read.
type meaning int

const (
	attribute meaning = iota // anything else: a property of the category
	title
	price
	quantity
	outerCode
	barcode
	picture
	description
	brand
	styleNumber
	condition
	shelfTime
	units // the table of variants
)

// names maps what a field's name holds to its meaning; the first that fits decides, so the more exact ones come first.
var names = []struct {
	words []string
	means meaning
}{
	{[]string{"卖点", "副标题", "短标题", "导购标题", "起售", "起批", "限购", "市场价", "吊牌价"}, attribute},
	{[]string{"标题", "title"}, title},
	{[]string{"条形码", "条码", "barcode"}, barcode},
	{[]string{"商家编码", "外部编码", "outerid", "outer_id"}, outerCode},
	{[]string{"上架时间", "定时上架", "starttime"}, shelfTime},
	{[]string{"宝贝类型", "新旧", "成色", "stuffstatus"}, condition},
	{[]string{"视频", "video"}, attribute},
	{[]string{"主图", "图片", "image", "picture"}, picture},
	{[]string{"描述", "详情", "description"}, description},
	{[]string{"品牌", "brand"}, brand},
	{[]string{"货号", "款号"}, styleNumber},
	{[]string{"一口价", "价格", "售价", "price"}, price},
	{[]string{"数量", "库存", "quantity"}, quantity},
}

func meaningOf(f *node) meaning {
	if f.attr("type") == "multiComplex" && slices.ContainsFunc(f.under("fields", "field"), func(c *node) bool { return meaningOf(c) == quantity }) {
		return units // the one table with quantities in it
	}
	name := strings.ReplaceAll(strings.ToLower(f.attr("name")), " ", "")
	for _, n := range names {
		if slices.ContainsFunc(n.words, func(w string) bool { return strings.Contains(name, w) }) {
			return n.means
		}
	}
	return attribute
}

// filler fills one schema from one draft.
type filler struct {
	draft  integrations.Draft
	others []integrations.DraftVariant // price and quantity of the item's units that are not the draft's
	fail   *integrations.Error
}

// fill answers a rules document with a submission: every field the draft has a value for, and of the others what the document itself
// holds, be it an item's present value or a default. A field that is required and stays empty is a Rejected error that names it.
func fill(rules string, d integrations.Draft) (string, error) {
	doc, err := parseXML(rules)
	if err != nil {
		return "", garbled("the schema is not XML")
	}
	f := &filler{draft: d}
	f.others = f.strangers(doc)
	out := &node{name: "itemParam"}
	for _, field := range doc.all("field") {
		if filled := f.field(field); filled != nil {
			out.children = append(out.children, filled)
		}
	}
	if f.fail != nil {
		return "", f.fail
	}
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="utf-8"?>`)
	out.write(&b)
	return b.String(), nil
}

func (f *filler) reject(code, format string, args ...any) {
	if f.fail == nil {
		f.fail = rejected(code, fmt.Sprintf(format, args...))
	}
}

// field is the answer to one field of the rules; nil leaves it out.
func (f *filler) field(rule *node) *node {
	if has(rule, "disableRule") || has(rule, "readOnlyRule") || rule.attr("type") == "label" {
		return nil
	}
	var values []*node
	switch rule.attr("type") {
	case "complex":
		if meaningOf(rule) == picture {
			values = f.pictures(rule)
		}
	case "multiComplex":
		if meaningOf(rule) == units {
			values = f.table(rule)
		}
	case "multiInput", "multiCheck":
		if meaningOf(rule) == picture && rule.attr("type") == "multiInput" {
			list := element("values", "")
			for _, url := range f.draft.Images[:max(0, min(len(f.draft.Images), most(rule, "maxInputNumRule", 5)))] {
				list.children = append(list.children, element("value", url))
			}
			values = []*node{list}
		}
	default:
		if v := f.value(rule); v != "" {
			values = []*node{element("value", v)}
		}
	}
	if len(values) == 0 {
		values = present(rule)
	}
	if len(values) == 0 {
		if has(rule, "requiredRule") {
			f.reject("FIELD_MISSING", "the category requires %q, which the product does not have", clip(rule.attr("name")))
		}
		return nil
	}
	return &node{name: "field", attrs: identity(rule), children: values}
}

// value is what the draft says to a simple field.
func (f *filler) value(rule *node) string {
	d := f.draft
	switch meaningOf(rule) {
	case title:
		return fit(d.Title, rule)
	case price:
		lowest := slices.MinFunc(append(f.others, d.Variants...), func(a, b integrations.DraftVariant) int { return int(a.Price - b.Price) })
		return yuan(lowest.Price) // it must lie within the range of the variants' prices
	case quantity:
		sum := 0
		for _, v := range append(f.others, d.Variants...) {
			sum += v.Quantity
		}
		return strconv.Itoa(sum)
	case outerCode:
		return fit(d.Code, rule)
	case picture:
		return d.Images[0]
	case description:
		return f.describe(rule)
	case brand:
		return choose(rule, d.Vendor)
	case styleNumber:
		return choose(rule, d.Code)
	case condition:
		return choose(rule, "全新", "new")
	case shelfTime:
		return choose(rule, "立刻上架", "立刻", "立即上架", "now")
	case attribute:
		for _, o := range d.Options { // an option with one value says something about the product
			if sameWord(o.Name, rule.attr("name")) && len(o.Values) == 1 {
				return choose(rule, o.Values[0])
			}
		}
	}
	return ""
}

// describe is the description, or the title where there is none, long enough for the platform.
func (f *filler) describe(rule *node) string {
	text := firstOf(f.draft.Description, f.draft.Title)
	if short := min(most(rule, "minLengthRule", 0), 1000) - len([]rune(text)); short > 0 {
		text += " " + f.draft.Title + strings.Repeat("。", short)
	}
	return text
}

// pictures fills the fields of a complex one with the images in turn.
func (f *filler) pictures(rule *node) []*node {
	row := element("complex-values", "")
	next := 0
	for _, slot := range rule.under("fields", "field") {
		if next < len(f.draft.Images) && meaningOf(slot) == picture {
			row.children = append(row.children, &node{name: "field", attrs: identity(slot), children: []*node{element("value", f.draft.Images[next])}})
			next++
		}
	}
	return []*node{row}
}

func has(rule *node, name string) bool {
	return slices.ContainsFunc(rule.under("rules", "rule"), func(r *node) bool {
		// A rule that depends on other fields may not hold; the marketplace judges it.
		return r.attr("name") == name && r.attr("value") == "true" && len(r.all("depend-group")) == 0
	})
}

// most is a rule's number.
func most(rule *node, name string, otherwise int) int {
	for _, r := range rule.under("rules", "rule") {
		if n, err := strconv.Atoi(r.attr("value")); err == nil && r.attr("name") == name {
			return n
		}
	}
	return otherwise
}

// fit cuts text to the field's length; the platform counts two bytes for a Chinese character.
func fit(s string, rule *node) string {
	limit := most(rule, "maxLengthRule", 1<<20)
	wide := 1
	for _, r := range rule.under("rules", "rule") {
		if r.attr("name") == "maxLengthRule" && r.attr("unit") == "byte" {
			wide = 2
		}
	}
	for i, r := range s {
		if r > 0x7f {
			limit -= wide
		} else {
			limit--
		}
		if limit < 0 {
			return strings.TrimSpace(s[:i])
		}
	}
	return s
}

// choose takes the first of the words that a field takes: any for free text, else one of its options by what it shows or means.
func choose(rule *node, words ...string) string {
	options := rule.under("options", "option")
	for _, w := range words {
		if w != "" && len(options) == 0 {
			return fit(w, rule)
		}
		for _, o := range options {
			if w != "" && (sameWord(o.attr("displayName"), w) || o.attr("value") == w) {
				return o.attr("value")
			}
		}
	}
	return ""
}

// identity is what a submission repeats of a field.
func identity(rule *node) (out []attr) {
	for _, a := range rule.attrs {
		if n := a.Name.Local; n == "id" || n == "name" || n == "type" {
			out = append(out, a)
		}
	}
	return out
}

// present is what the document holds already: an item's values, else defaults.
func present(rule *node) (out []*node) {
	for _, name := range []string{"value", "values", "complex-values"} {
		for _, n := range rule.all(name) {
			if strings.TrimSpace(n.text) != "" || len(n.children) > 0 {
				out = append(out, n)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for from, to := range map[string]string{"default-value": "value", "default-values": "values", "default-complex-values": "complex-values"} {
		for _, n := range rule.all(from) {
			out = append(out, &node{name: to, text: n.text, children: n.children})
		}
	}
	return out
}

func yuan(fen int64) string { return commerce.Money{Amount: fen, Currency: "CNY"}.Text() }
