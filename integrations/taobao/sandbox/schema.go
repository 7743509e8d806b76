package sandbox

import (
	"encoding/xml"
	"strconv"

	kit "github.com/oneshelf/oneshelf/integrations/sandbox"
)

// The document of rules and submissions, by the grammar of article 108953.
type (
	document struct {
		XMLName xml.Name
		Fields  []field `xml:"field"`
	}
	field struct {
		ID       string    `xml:"id,attr"`
		Name     string    `xml:"name,attr"`
		Type     string    `xml:"type,attr"`
		Rules    *rules    `xml:"rules"`
		Options  *options  `xml:"options"`
		Default  string    `xml:"default-value,omitempty"`
		Value    string    `xml:"value,omitempty"`
		Complex  []row     `xml:"complex-values"`
		Children *children `xml:"fields"`
	}
	rules struct {
		Rule []rule `xml:"rule"`
	}
	options struct {
		Option []option `xml:"option"`
	}
	rule struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
		Ex    string `xml:"exProperty,attr,omitempty"`
		Unit  string `xml:"unit,attr,omitempty"`
	}
	option struct {
		DisplayName string `xml:"displayName,attr"`
		Value       string `xml:"value,attr"`
	}
	row struct {
		Fields []field `xml:"field"`
	}
	children struct {
		Fields []field `xml:"field"`
	}
)

func required() rule         { return rule{Name: "requiredRule", Value: "true"} }
func kind(value string) rule { return rule{Name: "valueTypeRule", Value: value} }
func upTo(most string) rule {
	return rule{Name: "maxLengthRule", Value: most, Ex: "include", Unit: "byte"}
}
func least(value string) rule { return rule{Name: "minValueRule", Value: value, Ex: "include"} }

func input(id, name string, rs ...rule) field {
	return field{ID: id, Name: name, Type: "input", Rules: &rules{rs}}
}

// category is the one category there is, apparel, with its ids as configured. fill, when given, adds what an item has already.
func (s *Server) category(fill *kit.Item) document {
	fields := s.apparel()
	if fill != nil {
		present(fields, fill)
	}
	s.rename(fields)
	return document{XMLName: xml.Name{Local: "itemRule"}, Fields: fields}
}

// apparel is what the category wants of an item.
func (s *Server) apparel() []field {
	images := field{ID: "item_images", Name: "宝贝主图", Type: "complex", Rules: &rules{[]rule{required()}}, Children: &children{}}
	for n := range 5 {
		one := input("item_image_"+strconv.Itoa(n), "宝贝图片"+strconv.Itoa(n+1), kind("url"))
		if n == 0 {
			one.Rules.Rule = append(one.Rules.Rule, required())
		}
		images.Children.Fields = append(images.Children.Fields, one)
	}
	material := input("prop_material", "材质成分", required(), kind("text"))
	material.Default = "见吊牌"
	fields := []field{
		input("title", "宝贝标题", required(), kind("text"), upTo("60")),
		input("sell_point", "宝贝卖点", kind("textarea"), upTo("300")),
		{ID: "stuff_status", Name: "宝贝类型", Type: "singleCheck", Rules: &rules{[]rule{required()}}, Options: &options{[]option{{"全新", "5"}, {"二手", "6"}}}},
		input("prop_20000", "品牌", required(), kind("text")),
		material,
		input("prop_13021751", "货号", kind("text")),
	}
	for _, name := range s.cfg.Demands {
		fields = append(fields, input("prop_"+strconv.Itoa(len(fields)), name, required(), kind("text")))
	}
	return append(fields,
		field{ID: "sku", Name: "宝贝销售规格", Type: "multiComplex", Rules: &rules{[]rule{required()}}, Children: &children{[]field{
			input("prop_1627207", "颜色分类", required(), kind("text")),
			input("prop_20509", "尺码", required(), kind("text")),
			input("sku_price", "价格（元）", required(), kind("decimal"), least("0.01")),
			input("sku_quantity", "数量（件）", required(), kind("integer"), least("0")),
			input("sku_outerId", "商家编码", kind("text"), upTo("64")),
			input("sku_barcode", "商品条形码", kind("text")),
		}}},
		input("price", "一口价", required(), kind("decimal"), least("0.01")),
		input("quantity", "宝贝数量", required(), kind("integer"), least("0")),
		input("outer_id", "商家编码", kind("text"), upTo("64")),
		images,
		input("description", "宝贝描述", required(), kind("html"), rule{Name: "minLengthRule", Value: "5", Ex: "include"}),
		field{ID: "start_time_type", Name: "上架时间", Type: "singleCheck", Rules: &rules{[]rule{required()}},
			Options: &options{[]option{{"放入仓库", "2"}, {"立刻上架", "0"}}}},
	)
}

func (s *Server) rename(fields []field) {
	for i := range fields {
		fields[i].ID = s.cfg.RenameField(fields[i].ID)
		if fields[i].Children != nil {
			s.rename(fields[i].Children.Fields)
		}
		for _, row := range fields[i].Complex {
			s.rename(row.Fields)
		}
	}
}

// present puts an item's values into the rules, as the edit call answers them.
func present(fields []field, it *kit.Item) {
	values := map[string]string{"title": it.Title, "outer_id": it.OuterCode, "description": it.Description, "quantity": strconv.Itoa(it.Quantity()),
		"price": kit.Yuan(lowest(it.SKUs)), "stuff_status": "5", "start_time_type": "2"}
	if it.OnSale {
		values["start_time_type"] = "0"
	}
	for id, v := range it.Extra {
		values[id] = v
	}
	for i := range fields {
		switch f := &fields[i]; f.ID {
		case "sku":
			for _, sku := range it.SKUs {
				f.Complex = append(f.Complex, row{skuFields(sku)})
			}
		case "item_images":
			var one row
			for n, url := range it.Images {
				one.Fields = append(one.Fields, valued("item_image_"+strconv.Itoa(n), "宝贝图片"+strconv.Itoa(n+1), url))
			}
			if len(one.Fields) > 0 {
				f.Complex = []row{one}
			}
		default:
			f.Value = values[f.ID]
		}
	}
}

func skuFields(sku kit.SKU) []field {
	var out []field
	for _, o := range sku.Options {
		id := "prop_20509"
		if o.Name == "颜色分类" {
			id = "prop_1627207"
		}
		out = append(out, valued(id, o.Name, o.Value))
	}
	return append(out, valued("sku_price", "价格（元）", kit.Yuan(sku.Price)), valued("sku_quantity", "数量（件）", strconv.Itoa(sku.Quantity)),
		valued("sku_outerId", "商家编码", sku.OuterCode), valued("sku_barcode", "商品条形码", sku.Barcode))
}

func valued(id, name, value string) field {
	return field{ID: id, Name: name, Type: "input", Value: value}
}

func lowest(skus []kit.SKU) int64 {
	var out int64
	for n, sku := range skus {
		if n == 0 || sku.Price < out {
			out = sku.Price
		}
	}
	return out
}

func (d document) text() (string, *failure) {
	b, err := xml.MarshalIndent(d, "", " ")
	if err != nil {
		return "", &failure{code: 10, msg: "Service currently unavailable"}
	}
	return xml.Header + string(b), nil
}

func (c *call) publishSchema() (obj, *failure) {
	if fail := c.market(); fail != nil {
		return nil, fail
	}
	text, fail := c.s.category(nil).text()
	return obj{"result": text}, fail
}

// market checks what both publishing calls begin with; Tmall wants a product of its catalogue, which there is none of here.
func (c *call) market() *failure {
	switch c.params["market"] {
	case "taobao", "litetao":
	case "tmall":
		if c.params["spu_id"] == "" {
			return missing("spu_id")
		}
	default:
		return invalid("market")
	}
	if n, err := strconv.ParseUint(c.params["cat_id"], 10, 63); err != nil || n == 0 {
		return invalid("cat_id")
	}
	return nil
}

func (c *call) editSchema() (obj, *failure) {
	it := c.item("item_id")
	if it == nil {
		return nil, noItem()
	}
	text, fail := c.s.category(it).text()
	return obj{"result": text}, fail
}

func (c *call) publishSubmit() (obj, *failure) {
	if fail := c.market(); fail != nil {
		return nil, fail
	}
	return c.submit(func(tx *kit.Tx) (*kit.Item, *failure) {
		return &kit.Item{ID: tx.NewID(kit.ItemID), Category: c.params["cat_id"]}, nil
	}, "create_time")
}

func (c *call) editSubmit() (obj, *failure) {
	return c.submit(func(tx *kit.Tx) (*kit.Item, *failure) {
		if it := tx.Item(c.params["item_id"]); it != nil {
			return it, nil
		}
		return nil, noItem()
	}, "update_time")
}

// submit checks a submission against the category's rules and makes the item so: units that are not in it go, those that are keep their id.
func (c *call) submit(item func(*kit.Tx) (*kit.Item, *failure), stamped string) (obj, *failure) {
	var sent document
	if err := xml.Unmarshal([]byte(c.params["schema"]), &sent); err != nil || sent.XMLName.Local != "itemParam" && sent.XMLName.Local != "itemRule" {
		return nil, refused("schema", "XML格式错误")
	}
	wanted, fail := c.s.read(sent)
	if fail != nil {
		return nil, fail
	}
	var out obj
	fail = c.change(func(tx *kit.Tx) *failure {
		it, fail := item(tx)
		if fail != nil {
			return fail
		}
		for i := range wanted.SKUs {
			sku := &wanted.SKUs[i]
			for _, old := range it.SKUs {
				if sameOptions(old, *sku) || len(old.Options) == 0 && old.OuterCode == sku.OuterCode {
					sku.ID = old.ID
				}
			}
			if sku.ID == "" {
				sku.ID = tx.NewID(kit.SKUID)
			}
		}
		it.Title, it.OuterCode, it.Description, it.Images, it.SKUs, it.Extra = wanted.Title, wanted.OuterCode, wanted.Description, wanted.Images, wanted.SKUs, wanted.Extra
		// An edit leaves the item on the shelf where it is: only publishing and the shelf calls move it.
		it.OnSale = (it.OnSale || stamped == "create_time" && wanted.OnSale) && it.Quantity() > 0
		tx.PutItem(it)
		out = obj{"item_id": number(it.ID), "market": "taobao", stamped: stamp(it.Modified)}
		return nil
	})
	return out, fail
}

func sameOptions(a, b kit.SKU) bool {
	if len(a.Options) != len(b.Options) {
		return false
	}
	for i := range a.Options {
		if a.Options[i] != b.Options[i] {
			return false
		}
	}
	return true
}
