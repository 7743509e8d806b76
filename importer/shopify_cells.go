package importer

import (
	"math"
	"strconv"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
)

// cells reads one record into its product. What a text may hold is for the catalog to judge; here is judged what a cell must be to
// mean anything.
type cells struct {
	record
	*sheet
	product *product
}

// wrong reports a cell and leaves the product out.
func (c cells) wrong(column, message string) {
	if column != "" {
		message = column + ": " + message
	}
	c.product.bad = true
	c.report.add(c.line, c.product.handle, message)
}

// text is a cell of the product. A column that is there and empty clears, as it does with Shopify; one that is missing keeps.
func (c cells) text(column string) commerce.Maybe[string] {
	if !c.sheet.table.has(column) {
		return commerce.Maybe[string]{}
	}
	if s := c.cell(column); s != "" {
		return commerce.Some(s)
	}
	return commerce.Null[string]()
}

// body is the description. Text that was pasted into a shop's editor often has Unicode's own line and paragraph separators, which other
// texts may not hold: they are the breaks they stand for.
func (c cells) body() commerce.Maybe[string] {
	text := c.text(colBody)
	if s, ok := text.Get(); ok {
		return commerce.Some(strings.NewReplacer("\u2028", "\n", "\u2029", "\n\n").Replace(s))
	}
	return text
}

// parts is a cell that holds a list; separators without anything between them count for nothing.
func (c cells) parts(column, separator string) commerce.Maybe[[]string] {
	if !c.sheet.table.has(column) {
		return commerce.Maybe[[]string]{}
	}
	out := []string{}
	for part := range strings.SplitSeq(c.cell(column), separator) {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return commerce.Some(out)
}

// option is the name or the value of an option, as the catalog writes it.
func (c cells) option(column string) string {
	said := c.cell(column)
	clean, err := commerce.Text{Max: 100}.Clean(said)
	if err != nil {
		c.wrong(column, err.Message)
		return said
	}
	return clean
}

// describe reads what the first row of a product says of it as a whole.
func (c cells) describe() {
	p := c.product
	p.title = c.cell(colTitle)
	if p.title == "" {
		c.wrong(colTitle, "is empty in the first row of the product")
	}
	p.input = catalog.UpsertInput{
		Handle: commerce.Some(p.handle), Title: commerce.Some(p.title), Description: c.body(), Vendor: c.text(colVendor),
		Tags: c.parts(colTags, ","), Category: c.parts(colType, " > "), Status: c.status(),
	}
	for i := range p.names {
		p.names[i] = c.option(optionColumn(i, "Name"))
	}
}

// agree refuses a later row that belongs to another product than the first, by what it says.
func (c cells) agree() {
	if title := c.cell(colTitle); title != "" && title != c.product.title {
		c.wrong(colTitle, "is another than in the first row of the product")
	}
	for i, name := range c.product.names {
		if again := c.option(optionColumn(i, "Name")); again != "" && again != name {
			c.wrong(optionColumn(i, "Name"), "is another than in the first row of the product")
		}
	}
}

// status is the column Status where it says something, else what Published means.
func (c cells) status() commerce.Maybe[string] {
	switch said := strings.ToLower(c.cell(colStatus)); said {
	case "":
	case "active", "draft", "archived":
		return commerce.Some(strings.ToUpper(said))
	default:
		c.wrong(colStatus, "must be active, draft or archived")
	}
	switch strings.ToLower(c.cell(colPublished)) {
	case "":
	case "true":
		return commerce.Some(catalog.Active)
	case "false":
		return commerce.Some(catalog.Draft)
	default:
		c.wrong(colPublished, "must be true or false")
	}
	return commerce.Maybe[string]{}
}

// picture reads the row's image and tells whether there is one. A picture that is there already counts once.
func (c cells) picture() bool {
	src := c.cell(colImage)
	if src == "" {
		return false
	}
	position := int64(math.MaxInt32)
	if text := c.cell(colPosition); text != "" {
		n, ok := wholeNumber(text)
		if !ok || n < 0 || n > math.MaxInt32 {
			c.wrong(colPosition, "must be a whole number")
			return true
		}
		position = n
	}
	p := c.product
	if p.urls[src] {
		return true
	}
	p.urls[src] = true
	p.pictures = append(p.pictures, picture{c.line, int(position), commerce.Media{URL: src, Alt: c.cell(colAlt)}})
	return true
}

// chooses tells whether the row has a value for any option.
func (c cells) chooses() bool {
	for i := range maxOptions {
		if c.cell(optionColumn(i, "Value")) != "" {
			return true
		}
	}
	return false
}

// variant reads the row's variant.
func (c cells) variant() {
	p := c.product
	v := variantRow{line: c.line, sku: c.cell(colSKU)}
	if chosen, ok := c.values(); ok {
		v.values = chosen
		key := strings.Join(chosen, "\x1f") // no cleaned text holds this sign
		if line, there := p.choices[key]; there {
			c.wrong("", "there is a variant for these options already, on line "+strconv.Itoa(line))
		}
		p.choices[key] = c.line
	}
	if v.sku != "" {
		folded := commerce.Fold(v.sku)
		if line, there := p.skus[folded]; there {
			c.wrong(colSKU, "is the same as on line "+strconv.Itoa(line))
		}
		p.skus[folded] = c.line
	}
	v.input.Price = c.money(colPrice)
	if v.input.Price.IsNull() {
		c.wrong(colPrice, "is empty")
	}
	v.input.CompareAt = c.money(colCompareAt)
	v.input.Barcode = c.text(colBarcode)
	v.input.WeightGrams = c.grams()
	v.quantity, v.counted = c.quantity()
	p.variants = append(p.variants, v)
}

// values are the row's choices, one for each option that has a name. It answers false after an error.
func (c cells) values() (out []string, ok bool) {
	ok = true
	for i, name := range c.product.names {
		column := optionColumn(i, "Value")
		switch value := c.option(column); {
		case name != "" && value == "":
			ok = false
			c.wrong(column, "is empty, but the product has the option "+clip(name))
		case name == "" && value != "":
			ok = false
			c.wrong(column, "belongs to an option without a name")
		case name != "":
			out = append(out, value)
		}
	}
	return out, ok
}

// money reads an amount of the brand's currency.
func (c cells) money(column string) commerce.Maybe[commerce.Money] {
	text := c.text(column)
	s, ok := text.Get()
	if !ok {
		if text.IsNull() {
			return commerce.Null[commerce.Money]()
		}
		return commerce.Maybe[commerce.Money]{}
	}
	amount, err := commerce.ParseAmount(s, c.currency)
	if err != nil {
		c.wrong(column, err.Message)
	}
	return commerce.Some(commerce.Money{Amount: amount, Currency: c.currency})
}

func (c cells) grams() commerce.Maybe[int] {
	text := c.text(colGrams)
	s, ok := text.Get()
	if !ok {
		if text.IsNull() {
			return commerce.Null[int]()
		}
		return commerce.Maybe[int]{}
	}
	n, ok := wholeNumber(s)
	if !ok {
		c.wrong(colGrams, "must be a whole number")
	}
	return commerce.Some(int(n))
}

// quantity reads how many there are, and tells whether the row says so.
func (c cells) quantity() (int64, bool) {
	s := c.cell(colQuantity)
	if s == "" {
		return 0, false
	}
	n, ok := wholeNumber(s)
	if !ok || n < 0 || n > commerce.MaxQuantity {
		c.wrong(colQuantity, "must be a whole number from 0 to "+strconv.Itoa(commerce.MaxQuantity))
	}
	return n, true
}
