package importer_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/commerce/stock"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/variant"
	"github.com/oneshelf/oneshelf/importer"
	"github.com/oneshelf/oneshelf/internal/testkit"
)

func shopify(k *testkit.Kit) *importer.Shopify {
	return &importer.Shopify{Catalog: &catalog.Service{Store: k.Store}, Stock: &stock.Service{Store: k.Store}}
}

// at makes the location WH and an importer that puts quantities there.
func at(t *testing.T, k *testkit.Kit) *importer.Shopify {
	t.Helper()
	s := shopify(k)
	_, err := s.Stock.LocationUpsert(k.Ctx, stock.LocationInput{Code: commerce.Some("WH")})
	require.NoError(t, err)
	s.Location = &commerce.LocationRef{Code: "WH"}
	return s
}

func shop(t *testing.T) *bytes.Reader {
	t.Helper()
	file, err := os.ReadFile("testdata/shop.csv")
	require.NoError(t, err)
	return bytes.NewReader(file)
}

const header = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Image Src,Published,Tags\n"

// take imports rows below the short header.
func take(t *testing.T, ctx context.Context, s *importer.Shopify, rows ...string) importer.Report {
	t.Helper()
	report, err := s.Import(ctx, strings.NewReader(header+strings.Join(rows, "\n")))
	require.NoError(t, err)
	return report
}

func product(t *testing.T, k *testkit.Kit, handle string) *ent.Product {
	t.Helper()
	p, err := catalog.FindProduct(k.Ctx, k.Store.Ent, commerce.ProductRef{Handle: handle})
	require.NoError(t, err)
	require.NotNil(t, p, handle)
	return p
}

func variants(t *testing.T, k *testkit.Kit, handle string) []*ent.Variant {
	t.Helper()
	all, err := k.Store.Ent.Variant.Query().Where(variant.ProductID(product(t, k, handle).ID)).Order(variant.ByPosition()).All(k.Ctx)
	require.NoError(t, err)
	return all
}

func skus(t *testing.T, k *testkit.Kit, handle string) []string {
	t.Helper()
	var out []string
	for _, v := range variants(t, k, handle) {
		out = append(out, v.Sku)
	}
	return out
}

// state is every figure that a repeated import must leave as it is.
func state(t *testing.T, k *testkit.Kit) string {
	t.Helper()
	var b strings.Builder
	for _, q := range []string{
		"SELECT 'product', handle, version, updated_at FROM products ORDER BY handle",
		"SELECT 'variant', sku, version, updated_at FROM variants ORDER BY sku",
		"SELECT 'level', CAST(id AS TEXT), version, on_hand FROM stock_levels ORDER BY id",
		"SELECT 'brand', code, generation, created_at FROM brands ORDER BY code",
		"SELECT 'events', type, COUNT(*), 0 FROM events GROUP BY type ORDER BY type",
		"SELECT 'movements', reason, COUNT(*), SUM(on_hand_delta) FROM stock_movements GROUP BY reason",
		"SELECT 'categories', path_key, 0, 0 FROM categories ORDER BY path_key",
	} {
		rows, err := k.Store.DB.Read().Query(context.Background(), q)
		require.NoError(t, err)
		for rows.Next() {
			var kind, name string
			var x, y int64
			require.NoError(t, rows.Scan(&kind, &name, &x, &y))
			fmt.Fprintln(&b, kind, name, x, y)
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return b.String()
}

func TestAShopifyFileBecomesTheCatalog(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := at(t, k)
		var last importer.Progress
		s.Progress = func(p importer.Progress) { last = p }
		file := shop(t)
		report, err := s.Import(k.Ctx, file)
		require.NoError(t, err)
		require.Equal(t, importer.Report{Rows: 9, Products: 4, Created: 4, Levels: 5}, report)
		require.Equal(t, importer.Progress{Bytes: file.Size() - 3, Rows: 9, Products: 4}, last, "all but the byte order mark")

		p := product(t, k, "harbour-shirt")
		require.Equal(t, "Harbour Shirt", p.Title)
		require.Equal(t, "Washed cotton,\n\"stone\" buttons.\n\nMade\nto last.", p.Description)
		require.Equal(t, "Weft & Warp", p.Vendor)
		require.Equal(t, catalog.Active, p.Status)
		require.Equal(t, []string{"cotton", "summer", "new"}, p.Tags)
		require.Equal(t, []commerce.OptionSet{{Name: "Size", Values: []string{"Small", "XL"}}, {Name: "Colour", Values: []string{"Navy", "Dark Red"}}}, p.Options)
		require.Equal(t, []commerce.Media{
			{URL: "https://img.example/shirt-front.jpg", Alt: "From the front"}, {URL: "https://img.example/shirt-back.jpg", Alt: "From the back"},
			{URL: "https://img.example/shirt-detail.jpg"},
		}, p.Media)
		category, err := k.Store.Ent.Category.Get(k.Ctx, *p.CategoryID)
		require.NoError(t, err)
		require.Equal(t, []string{"Men", "Shirts"}, category.Path)
		require.Equal(t, []string{"HARBOUR-SHIRT-SMALL-NAVY", "HARBOUR-SHIRT-SMALL-DARK-RED", "HS-XL-NAVY"}, skus(t, k, "harbour-shirt"))
		v := variants(t, k, "harbour-shirt")
		require.EqualValues(t, 12900, *v[0].PriceAmount)
		require.EqualValues(t, 15900, *v[0].CompareAtAmount)
		require.EqualValues(t, 13950, *v[2].PriceAmount)
		require.Nil(t, v[2].CompareAtAmount)
		require.Equal(t, 320, *v[0].WeightGrams)
		require.Equal(t, "6901234567892", *v[0].Barcode)

		bag := product(t, k, "canvas-bag")
		require.Equal(t, `=Canvas "Bag"`, bag.Title, "what looks like a formula is text")
		require.Equal(t, "@home, +1", bag.Description)
		require.Equal(t, []string{"=SUM(A1)"}, bag.Tags)
		require.Equal(t, catalog.Draft, bag.Status)
		require.Empty(t, bag.Options)
		require.Empty(t, variants(t, k, "canvas-bag")[0].SelectedOptions)
		require.Equal(t, []string{"CANVAS-BAG"}, skus(t, k, "canvas-bag"))
		require.Len(t, skus(t, k, "gift-card"), 2)

		chinese := skus(t, k, "亚麻裙")
		require.Len(t, chinese, 2)
		require.NotEqual(t, chinese[0], chinese[1])
		require.Equal(t, 5, k.Count(t, "stock_movements", "reason = 'import' AND kind = 'SET'"))
		levels := map[string]int{}
		for _, l := range k.Store.Ent.StockLevel.Query().AllX(k.Ctx) {
			levels[k.Store.Ent.Variant.GetX(k.Ctx, l.VariantID).Sku] = int(l.OnHand)
		}
		require.Equal(t, map[string]int{"HARBOUR-SHIRT-SMALL-NAVY": 4, "HS-XL-NAVY": 2, "CANVAS-BAG": 7, chinese[0]: 3, chinese[1]: 1}, levels)
	})
}

func TestRepeatingAnImportChangesNothing(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := at(t, k)
		_, err := s.Import(k.Ctx, shop(t))
		require.NoError(t, err)
		before := state(t, k)
		require.Contains(t, before, "movements import 5 17")
		for _, set := range []bool{false, true} {
			k.Clock.Advance(1e9)
			s.SetStock = set
			report, err := s.Import(k.Ctx, shop(t))
			require.NoError(t, err)
			require.Equal(t, importer.Report{Rows: 9, Products: 4, Unchanged: 4}, report)
			require.Equal(t, before, state(t, k))
		}
	})
}

func TestTheSameFileMakesTheSameSKUsInAnyBrand(t *testing.T) {
	k := testkit.SQLite(t)
	_, err := shopify(k).Import(k.Ctx, shop(t))
	require.NoError(t, err)
	other := k.NewBrand(t, "third", "Third", "CNY")
	v := k.Viewer(auth.Scopes()...)
	v.Brand, v.Code = other.ID, other.Code
	_, err = shopify(k).Import(k.With(v), shop(t))
	require.NoError(t, err)
	require.Equal(t, 8, k.Count(t, "variants", "brand_id = ?", other.ID))
	require.Equal(t, 8, k.Count(t, "variants", "brand_id = ? AND sku IN (SELECT sku FROM variants WHERE brand_id = ?)", other.ID, k.Brand.ID))
}

func TestAnImportTakesUpWhatTheFileSaysNow(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := at(t, k)
		take(t, k.Ctx, s, "tee,Tee,Size,S,,10,5,,true,a", "tee,,,M,,10,5,,,", "hat,Hat,Title,Default Title,,20,1,,true,")
		_, err := s.Catalog.Upsert(k.Ctx, catalog.UpsertInput{Handle: commerce.Some("tee"), Variants: []catalog.VariantInput{
			{By: &commerce.VariantRef{SKU: "TEE-S"}, SKU: commerce.Some("OWN-S")}}})
		require.NoError(t, err)
		_, _, err = s.Stock.Adjust(k.Ctx, stock.AdjustInput{Key: "sold", Variant: commerce.VariantRef{SKU: "OWN-S"}, Location: *s.Location, Delta: -5, Reason: "sold"})
		require.NoError(t, err)

		report := take(t, k.Ctx, s, "tee,Tee,Size,L,,12,8,,true,", "tee,,,S,,11,5,,,", "hat,Hat,Title,Default Title,,20,1,,true,")
		require.Equal(t, importer.Report{Rows: 3, Products: 2, Changed: 1, Unchanged: 1, Levels: 1}, report)
		require.Equal(t, []string{"OWN-S", "TEE-M", "TEE-L"}, skus(t, k, "tee"), "a SKU the file does not say stays")
		p := product(t, k, "tee")
		require.Equal(t, []commerce.OptionSet{{Name: "Size", Values: []string{"L", "S", "M"}}}, p.Options, "what is stored is not forgotten")
		require.Empty(t, p.Tags, "an empty cell clears")
		require.EqualValues(t, 1000, *p.MinPrice)
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 0"), "what was sold since is not brought back")

		s.SetStock = true
		report = take(t, k.Ctx, s, "tee,Tee,Size,L,,12,,,true,", "tee,,,S,,11,5,,,", "tee,,,M,,10,0,,,")
		require.Equal(t, 2, report.Levels, "unless it is to be set; an empty cell says nothing")
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 0"))
		require.Equal(t, 1, k.Count(t, "stock_levels", "on_hand = 8"))
	})
}

func TestABadProductDoesNotStopTheOthers(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := at(t, k)
		rows := []string{
			"one,One,Size,S,,10,1,,true,",            // 2
			`two,"Two`, `lines",Size,S,,10,1,,true,`, // 3
			"two,,,M,,ten,-1,,,",          // 5
			"two,,,L,,10,1,,,",            // 6
			"three,,Size,S,,10,1,,true,",  // 7
			"four,Four,Size,S,A,10,1,,,",  // 8
			"four,,,S,B,10,1,,,",          // 9
			"four,,,M,a,10,1,,,",          // 10
			"one,,,M,,10,1,,,",            // 11
			"one,,,L,,nothing,1,,,",       // 12
			"five,Five,Size,S,,10,1,,,,,", // 13
			"five,,,M,,10,1,,,",           // 14
			`six,Six "6",Size,S,,10,1,,,`, // 15
			"seven,Seven,Title,Default Title,,10,1,ftp://img.example/a.png,maybe,", // 16
			"seven,,,,,,,,,", // 17
			"Eight,Eight,Title,Default Title,,10,1,http://img.example/a.png,true,", // 18
			"Eight,,,,,,,javascript:x,,",                // 19
			"nine,Nine,,,,10,1,,,",                      // 20
			"nine,,,Red,,10,1,,,",                       // 21
			"ten,Ten,Size,S,,1.234,1,,true,",            // 22
			",Nobody,Size,S,,1,1,,true,",                // 23
			"eleven,Eleven,Size,S,ONE-S,1,1,,true,",     // 24
			"twelve,Twelve,Size,S,,1,2147483648,,true,", // 25
			",,,,,,,,,", // 26, said by spreadsheets
			"last,Last,Title,Default Title,,,1,,true,",   // 27
			"fine,Fine,Title,Default Title,,0,1,,true,x", // 28
		}
		report := take(t, k.Ctx, s, rows...)
		said := make([]string, len(report.Problems))
		for i, p := range report.Problems {
			said[i] = p.String()
		}
		require.Equal(t, []string{
			"line 5: two: Variant Price: \"ten\" is not a decimal amount such as 129.00",
			"line 5: two: Variant Inventory Qty: must be a whole number from 0 to 1000000000",
			"line 7: three: Title: is empty in the first row of the product",
			"line 9: four: there is a variant for these options already, on line 8",
			"line 10: four: Variant SKU: is the same as on line 8",
			"line 11: one: the handle was there before: the rows of a product must follow each other",
			"line 13: five: has 12 cells where the header has 10",
			"line 15: six: has quotes that do not pair up",
			"line 16: seven: Published: must be true or false",
			"line 17: seven: the row says neither a variant nor a picture",
			"line 18: Eight: Handle: holds 'E'; a handle has lower-case letters, digits and hyphens",
			"line 19: Eight: Image Src: is not an absolute http or https address",
			"line 21: nine: Option1 Value: belongs to an option without a name",
			"line 22: ten: Variant Price: \"1.234\" has more than the 2 decimal digits of CNY",
			"line 23: Handle is empty",
			"line 24: eleven: Variant SKU: is a variant of another product",
			"line 25: twelve: Variant Inventory Qty: must be a whole number from 0 to 1000000000",
			"line 27: last: Variant Price: is empty",
		}, said)
		require.Zero(t, report.More)
		require.Equal(t, []int{25, 14, 2, 2}, []int{report.Rows, report.Products, report.Created, report.Levels})
		require.Equal(t, []string{"ONE-S"}, skus(t, k, "one"))
		require.Equal(t, []string{"FINE"}, skus(t, k, "fine"))
		require.Equal(t, 2, k.Count(t, "products", ""))
		require.Zero(t, *product(t, k, "fine").MinPrice)
	})
}

func TestQuantitiesWithoutALocationAreLeftOut(t *testing.T) {
	k := testkit.SQLite(t)
	report := take(t, k.As(auth.ProductsWrite, auth.PricesWrite), shopify(k), "tee,Tee,Size,S,,10,5,,true,", "tee,,,M,,10,0,,,", "tee,,,L,,10,2,,,")
	require.Equal(t, importer.Report{Rows: 3, Products: 1, Created: 1, Unplaced: 2}, report)
	require.Zero(t, k.Count(t, "stock_levels", ""))
}

func TestPricesAreOfTheBrandsCurrency(t *testing.T) {
	k := testkit.SQLite(t)
	report := take(t, k.OtherCtx, shopify(k), "tee,Tee,Title,Default Title,,4200,,,true,", "hat,Hat,Title,Default Title,,42.50,,,true,", "cap,Cap,Title,Default Title,,42.00,,,true,")
	require.Equal(t, 2, report.Created)
	require.Equal(t, []importer.Problem{{Line: 3, Handle: "hat", Message: `Variant Price: "42.50" has more than the 0 decimal digits of JPY`}}, report.Problems)
	require.Equal(t, 1, k.Count(t, "variants", "price_amount = 4200"))
	require.Equal(t, 1, k.Count(t, "variants", "price_amount = 42"))
}

func TestNamesThatWouldBeAlikeAreToldApart(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		rows := []string{
			"tee,Tee,Fit,Long,,10,,,true,", "tee,,,long,,10,,,,", "tee,,,1.5,,10,,,,", "tee,,,1-5,,10,,,,", "tee,,,長,,10,,,,", "tee,,,短,,10,,,,", "tee,,,S,TEE-X,10,,,,", "tee,,,x,,10,,,,",
			"tee-5,Tee 5,Fit,A,,10,,,true,", "tee,Tee,Fit,Long,,10,,,true,",
			"tee-x,Tee X,Title,Default Title,,10,,,true,",
			strings.Repeat("long", 20) + ",Long,Fit,A,,10,,,true,", strings.Repeat("long", 20) + ",,,B,,10,,,,",
		}
		s := shopify(k)
		report := take(t, k.Ctx, s, rows...)
		require.Equal(t, 4, report.Created)
		require.Len(t, report.Problems, 1)
		all := k.Store.Ent.Variant.Query().Where(variant.SkuNEQ("")).Order(variant.ByID()).AllX(k.Ctx)
		require.Len(t, all, 12)
		for _, v := range all {
			require.LessOrEqual(t, len(v.Sku), 64, v.Sku)
			require.Regexp(t, "^[A-Z0-9]+(-[A-Z0-9]+)*$", v.Sku)
		}
		require.Equal(t, []string{"TEE-5-A"}, skus(t, k, "tee-5"))
		before := state(t, k)
		require.Equal(t, 4, take(t, k.Ctx, s, rows...).Unchanged)
		require.Equal(t, before, state(t, k))
	})
}

func TestWhatCannotComeToAnythingIsRefusedFirst(t *testing.T) {
	k := testkit.SQLite(t)
	row := "tee,Tee,Size,S,,10,5,,true,\n"
	for name, c := range map[string]struct{ file, says string }{
		"empty":       {"", "the file is empty"},
		"missing":     {"Handle,Title,Option1 Name,Option1 Value\n", "the column Variant Price is missing"},
		"renamed":     {strings.Replace(header, "Handle", "handle", 1) + row, "the column Handle is missing"},
		"twice":       {strings.Replace(header, "Tags", "Title", 1) + row, "the column Title is there twice"},
		"semicolons":  {strings.ReplaceAll(header+row, ",", ";"), "the column Handle is missing: cells must be separated by commas"},
		"UTF-16":      {"\xff\xfeH\x00a\x00", "line 1 is not UTF-8 text: save the file as UTF-8 (GBK and others are not read)"},
		"quote":       {`Handle,"Title` + "\n" + row, "line 1 has quotes that do not pair up"},
		"endless":     {header + `tee,"` + strings.Repeat("x", 2<<20), "line 2 begins a record of more than 1048576 bytes: a quote may not be closed"},
		"GBK":         {header + row[:len(row)-1] + "\xc3\xde\n", "line 2 is not UTF-8 text: save the file as UTF-8 (GBK and others are not read)"},
		"GBK in line": {header + "tee,\"Tee\n\n\",\xc3\xde", "line 4 is not UTF-8 text: save the file as UTF-8 (GBK and others are not read)"},
	} {
		report, err := shopify(k).Import(k.Ctx, strings.NewReader(c.file))
		require.Equal(t, c.says, testkit.Refused(t, err, commerce.InvalidInput, "").Message, name)
		require.Zero(t, report.Created, name)
	}
	s := shopify(k)
	s.Location = &commerce.LocationRef{Code: "none"}
	_, err := s.Import(k.Ctx, strings.NewReader(header+row))
	testkit.Refused(t, err, commerce.NotFound, "location")
	for _, scope := range []auth.Scope{auth.ProductsWrite, auth.PricesWrite, auth.StockWrite} {
		_, err := s.Import(k.Without(scope), strings.NewReader(header+row))
		testkit.Refused(t, err, commerce.Forbidden, "")
	}
	require.Zero(t, k.Count(t, "products", ""))
}

func TestAFileThatBreaksOffLeavesWhatWasWhole(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		s := at(t, k)
		whole := header + "one,One,Size,S,,10,1,,true,\ntwo,Two,Size,S,,10,1,,true,\n"
		report, err := s.Import(k.Ctx, strings.NewReader(whole+"two,,,\xc3\xde,,10,1,,,\n"))
		require.Equal(t, "line 4 is not UTF-8 text: save the file as UTF-8 (GBK and others are not read)", testkit.Refused(t, err, commerce.InvalidInput, "").Message)
		require.Equal(t, []int{1, 1}, []int{report.Created, report.Levels})
		require.Equal(t, 1, k.Count(t, "products", ""))

		ctx, stop := context.WithCancel(k.Ctx)
		s.Progress = func(importer.Progress) { stop() }
		_, err = s.Import(ctx, strings.NewReader(whole))
		require.ErrorIs(t, err, context.Canceled)
		s.Progress = nil
		report, err = s.Import(k.Ctx, strings.NewReader(whole))
		require.NoError(t, err)
		require.Equal(t, []int{1, 1, 1}, []int{report.Created, report.Unchanged, report.Levels}, "the rest comes with the next try")
	})
}

func TestAProductOfManyVariantsComesInParts(t *testing.T) {
	testkit.Each(t, func(t *testing.T, k *testkit.Kit) {
		var file strings.Builder
		file.WriteString("Handle,Title,Option1 Name,Option1 Value,Option2 Name,Option2 Value,Variant Price,Variant Inventory Qty\n")
		for i := range 600 {
			if i == 0 {
				file.WriteString("big,Big,Colour,C0,Size,S0,1,1\n")
				continue
			}
			fmt.Fprintf(&file, "big,,,C%d,,S%d,%d,1\n", i/20, i%20, i+1)
		}
		s := at(t, k)
		report, err := s.Import(k.Ctx, strings.NewReader(file.String()))
		require.NoError(t, err)
		require.Equal(t, importer.Report{Rows: 600, Products: 1, Created: 1, Levels: 600}, report)
		require.Equal(t, "BIG-C29-S19", skus(t, k, "big")[599])
		before := state(t, k)
		report, err = s.Import(k.Ctx, strings.NewReader(file.String()))
		require.NoError(t, err)
		require.Equal(t, importer.Report{Rows: 600, Products: 1, Unchanged: 1}, report)
		require.Equal(t, before, state(t, k))
	})
}
