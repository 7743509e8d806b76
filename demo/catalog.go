package demo

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
)

//go:embed products.psv
var productTable string

// style is a line of the table: a product in a grid of colours and sizes, with gaps.
type style struct {
	number                        int
	handle, title                 string
	category, tags                []string
	price, compareAt              int64 // in yuan; 0 is none
	grams                         int
	colours, sizes, gaps          []string
	descriptionZh, descriptionEng string
}

// The columns of the table.
const (
	colStyle = iota
	colHandle
	colZh
	colEn
	colCategory
	colPrice
	colCompareAt
	colGrams
	colColours
	colSizes
	colGaps
	colTags
	colAboutZh
	colAboutEn
	columns
)

// palette is every colour: its code in SKUs, its number in barcodes (the place in the list), and its name.
var palette = []struct{ code, name string }{
	{"NVY", "藏青 Navy"}, {"BLK", "墨黑 Black"}, {"WHT", "白 White"}, {"IVR", "米白 Ivory"}, {"SND", "沙色 Sand"}, {"CML", "驼色 Camel"},
	{"SGE", "鼠尾草绿 Sage"}, {"OLV", "橄榄绿 Olive"}, {"SKY", "天青 Sky"}, {"PLM", "梅紫 Plum"}, {"RST", "铁锈红 Rust"}, {"TRC", "陶土 Terracotta"},
	{"MUS", "芥黄 Mustard"}, {"GRY", "石灰 Stone"}, {"CHR", "炭灰 Charcoal"},
}

// styles reads the table.
func styles() ([]style, error) {
	r := csv.NewReader(strings.NewReader(productTable))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = '|', columns, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("the demo's product table: %w", err)
	}
	out := make([]style, 0, len(rows)-1)
	for _, row := range rows[1:] {
		s := style{
			handle: row[colHandle], title: row[colZh] + " " + row[colEn], category: strings.Split(row[colCategory], "/"),
			colours: strings.Fields(row[colColours]), sizes: strings.Fields(row[colSizes]), gaps: strings.Fields(row[colGaps]),
			tags: strings.Split(row[colTags], ", "), descriptionZh: row[colAboutZh], descriptionEng: row[colAboutEn],
		}
		for column, n := range map[int]*int{colStyle: &s.number, colGrams: &s.grams} {
			if *n, err = strconv.Atoi(row[column]); err != nil {
				return nil, fmt.Errorf("the demo's product table, %s: %w", s.handle, err)
			}
		}
		for column, n := range map[int]*int64{colPrice: &s.price, colCompareAt: &s.compareAt} {
			if row[column] == "" && column == colCompareAt {
				continue
			}
			if *n, err = strconv.ParseInt(row[column], 10, 64); err != nil {
				return nil, fmt.Errorf("the demo's product table, %s: %w", s.handle, err)
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// Catalog is the demo brand's products as they are brought in, in yuan.
func Catalog() ([]catalog.UpsertInput, error) {
	all, err := styles()
	if err != nil {
		return nil, err
	}
	out := make([]catalog.UpsertInput, len(all))
	for i, s := range all {
		out[i] = s.product()
	}
	return out, nil
}

func (s style) product() catalog.UpsertInput {
	colours := make([]string, len(s.colours))
	media := make([]commerce.Media, len(s.colours))
	for i, code := range s.colours {
		_, colours[i] = colour(code)
		media[i] = commerce.Media{URL: "https://img.example.com/demo/" + s.handle + "/" + strings.ToLower(code) + ".jpg", Alt: s.title + " " + colours[i]}
	}
	in := catalog.UpsertInput{
		Handle: commerce.Some(s.handle), Title: commerce.Some(s.title), Status: commerce.Some(catalog.Active), Vendor: commerce.Some(Name),
		Description: commerce.Some(s.descriptionZh + "\n" + s.descriptionEng), Tags: commerce.Some(s.tags), Category: commerce.Some(s.category),
		Options: commerce.Some([]commerce.OptionSet{{Name: "Colour", Values: colours}, {Name: "Size", Values: s.sizes}}),
		Media:   commerce.Some(media), ExternalRefs: commerce.Some([]commerce.Reference{{System: system, Value: s.handle}}),
	}
	for _, code := range s.colours {
		for size, name := range s.sizes {
			if !slices.Contains(s.gaps, code+"-"+name) {
				in.Variants = append(in.Variants, s.variant(code, size))
			}
		}
	}
	return in
}

// variant is one field of the grid. Each size up weighs a little more.
func (s style) variant(code string, size int) catalog.VariantInput {
	number, name := colour(code)
	v := catalog.VariantInput{
		SKU:             commerce.Some(fmt.Sprintf("HZL-%03d-%s-%s", s.number, code, s.sizes[size])),
		Barcode:         commerce.Some(barcode(s.number, number, size+1)),
		SelectedOptions: commerce.Some([]commerce.Option{{Name: "Colour", Value: name}, {Name: "Size", Value: s.sizes[size]}}),
		WeightGrams:     commerce.Some(s.grams + s.grams*4*size/100),
		Price:           commerce.Some(yuan(s.price)),
	}
	if s.compareAt > 0 {
		v.CompareAt = commerce.Some(yuan(s.compareAt))
	}
	return v
}

// colour is a colour's number in barcodes, 0 for none such, and its name.
func colour(code string) (int, string) {
	for i, c := range palette {
		if c.code == code {
			return i + 1, c.name
		}
	}
	return 0, code
}

func yuan(n int64) commerce.Money { return commerce.Money{Amount: n * 100, Currency: "CNY"} }

// barcode is an EAN-13 in the range that shops use among themselves. Source: GS1 General Specifications, prefixes 200-299 are for
// restricted circulation; the last digit makes the sum of digits weighted 1 and 3 in turn divisible by 10.
func barcode(style, colour, size int) string {
	digits := fmt.Sprintf("200%03d0%02d0%02d", style, colour, size)
	return digits + strconv.Itoa(checkDigit(digits))
}

func checkDigit(digits string) int {
	sum := 0
	for i := range len(digits) {
		weight := 1 + 2*(i%2)
		sum += weight * int(digits[i]-'0')
	}
	return (10 - sum%10) % 10
}
