package api

import "encoding/json"

// WareSearch asks for a page of wares: jingdong.ware.read.searchWare4Valid.
type WareSearch struct {
	EndCreatedTime   string   `json:"endCreatedTime,omitempty"`
	Field            string   `json:"field"`
	OrderField       []string `json:"orderField"`
	OrderType        []string `json:"orderType"`
	PageNo           int      `json:"pageNo"`
	PageSize         int      `json:"pageSize"`
	StartCreatedTime string   `json:"startCreatedTime,omitempty"`
	WareID           []int64  `json:"wareId,omitempty"`
}

// Page is how wares and SKUs come; data is missing when there are none.
type Page[T any] struct {
	Page Object[struct {
		Data  List[T] `json:"data"`
		Total Int     `json:"totalItem"`
	}] `json:"page"`
}

// Ware is an item with its SKUs under it.
type Ware struct {
	WareID     Int  `json:"wareId"`
	Title      Text `json:"title"`
	WareStatus Int  `json:"wareStatus"`
	OuterID    Text `json:"outerId"`
}

// SKUSearch asks for a page of SKUs: jingdong.sku.read.searchSkuList. Its page size has another name than that of wares, and a
// wrong name is ignored in silence.
type SKUSearch struct {
	Field    string   `json:"field"`
	OutID    []string `json:"outId,omitempty"`
	PageNo   int      `json:"pageNo"`
	PageSize int      `json:"page_size"`
	SKUID    []int64  `json:"skuId,omitempty"`
	WareID   []int64  `json:"wareId,omitempty"`
}

// SKU is one unit of a ware.
type SKU struct {
	WareID    Int            `json:"wareId"`
	SKUID     Int            `json:"skuId"`
	Status    Int            `json:"status"` // 1 on sale, 2 off, 4 deleted
	JDPrice   Yuan           `json:"jdPrice"`
	OuterID   Text           `json:"outerId"`
	SKUName   Text           `json:"skuName"`
	WareTitle Text           `json:"wareTitle"`
	StockNum  Int            `json:"stockNum"`
	SaleAttrs List[SaleAttr] `json:"saleAttrs"`
}

// SaleAttr is a value of a sale attribute; the alias is what the buyer reads.
type SaleAttr struct {
	AttrID  Text       `json:"attrId"`
	Aliases List[Text] `json:"attrValueAlias"`
	Values  List[Text] `json:"attrValues"`
}

// WareAdd makes a ware with its SKUs: jingdong.ware.write.add. It is one of the few that keep their objects.
type WareAdd struct {
	SKUs []SKUWrite `json:"skus"`
	Ware WareWrite  `json:"ware"`
}

// WareAdded answers WareAdd. Whether it tells the SKU ids is not documented.
type WareAdded struct {
	Ware Object[Ware] `json:"ware"`
}

// WareUpdate changes a ware: jingdong.ware.write.updateWare. A field left out stays as it is.
type WareUpdate struct {
	Ware WareWrite `json:"ware"`
}

// WareWrite is a ware as it is written.
type WareWrite struct {
	BrandID      int64       `json:"brandId,omitempty"`
	CategoryID   int64       `json:"categoryId,omitempty"`
	Images       []Image     `json:"images,omitempty"`
	Introduction string      `json:"introduction,omitempty"`
	JDPrice      *Yuan       `json:"jdPrice,omitempty"`
	MobileDesc   string      `json:"mobileDesc,omitempty"`
	OuterID      string      `json:"outerId,omitempty"`
	Title        string      `json:"title,omitempty"`
	TransportID  int64       `json:"transportId,omitempty"`
	WareID       int64       `json:"wareId,omitempty"`
	WareStatus   int         `json:"wareStatus,omitempty"`
	Weight       json.Number `json:"weight,omitempty"` // kg
}

// Image is a picture of a ware; colour 0000000000 is the ware itself.
type Image struct {
	ColorID   string `json:"colorId"`
	ImgIndex  int    `json:"imgIndex"`
	ImgURL    string `json:"imgUrl"`
	ImgZoneID string `json:"imgZoneId"`
}

// SKUsUpdate changes some SKUs of a ware and adds those without an id: jingdong.sku.write.updateSkus.
type SKUsUpdate struct {
	SKUs   []SKUWrite `json:"skus"`
	WareID int64      `json:"wareId"`
}

// SKUWrite is a SKU as it is written.
type SKUWrite struct {
	BarCode   string     `json:"barCode,omitempty"`
	JDPrice   Yuan       `json:"jdPrice"`
	OuterID   string     `json:"outerId"`
	SaleAttrs []SaleAttr `json:"saleAttrs"`
	SKUID     int64      `json:"skuId,omitempty"`
	StockNum  int        `json:"stockNum"`
}

// UpOrDown lists a ware (opType 1) or takes it off (2): jingdong.ware.write.upOrDown.
type UpOrDown struct {
	Note   string `json:"note"`
	OpType int    `json:"opType"`
	WareID int64  `json:"wareId"`
}

// SKUDelete takes a SKU off its ware for good: jingdong.sku.write.deleteSku.
type SKUDelete struct {
	SKUID int64 `json:"skuId"`
}

// Done answers writes that tell no more.
type Done struct {
	Success Bool `json:"success"`
}

// AttrSearch asks for a category's attributes: jingdong.category.read.findAttrsByCategoryIdUnlimitCate; type 4 is sale attributes.
type AttrSearch struct {
	AttributeType int    `json:"attributeType"`
	CID           int64  `json:"cid"`
	Field         string `json:"field"`
}

// Attrs answers AttrSearch.
type Attrs struct {
	Attrs List[Attr] `json:"findattrsbycategoryidunlimitcate_result"`
}

// Attr is an attribute of a category.
type Attr struct {
	ID     Text `json:"id"`
	Name   Text `json:"name"`
	Values List[struct {
		ID   Text `json:"id"`
		Name Text `json:"name"`
	}] `json:"attrValueList"`
}

// StockSet sets the stock of up to 30 SKUs: jingdong.ware.stock.sku.set.
type StockSet struct {
	Req StockReq `json:"req"`
}

// StockReq is what StockSet wraps.
type StockReq struct {
	SKUStocks   []SKUStock `json:"skuStocks"`
	StockRfID   string     `json:"stockRfId"`
	UpdateModel string     `json:"updateModel"` // fullStockIn: absolute
}

// SKUStock is the stock of one SKU; store 0 is the whole country.
type SKUStock struct {
	SKUID    int64 `json:"skuId"`
	StockNum int   `json:"stockNum"`
	StoreID  int64 `json:"storeId"`
}

// StockSetDone answers StockSet. It may list all SKUs, only the refused ones, or none. The codes are not documented.
type StockSetDone struct {
	Return Object[struct {
		Success *Bool `json:"success"`
		Code    Text  `json:"errorCode"`
		Message Text  `json:"errorMessage"`
		Obj     Object[struct {
			Results List[struct {
				SKUID     Int  `json:"data"`
				Success   Bool `json:"success"`
				Code      Text `json:"code"`
				ErrorCode Text `json:"errorCode"`
				Message   Text `json:"message"`
			}] `json:"updateStockResult"`
		}] `json:"obj"`
	}] `json:"returnType"`
}

// StockQuery asks for the stock of one SKU: jingdong.ware.stock.sku.query.
type StockQuery struct {
	SKUID int64 `json:"skuId"`
}

// StockTold answers StockQuery.
type StockTold struct {
	Return Object[struct {
		Success Bool `json:"success"`
		Message Text `json:"errorMessage"`
		Obj     Object[struct {
			Infos List[struct {
				StoreID         Int `json:"storeId"`
				StockNum        Int `json:"stockNum"`
				OrderBookingNum Int `json:"orderBookingNum"`
				AppBookingNum   Int `json:"appBookingNum"`
			}] `json:"skuStockInfos"`
		}] `json:"obj"`
	}] `json:"returnType"`
}
