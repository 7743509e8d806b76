package model

import "time"

// Product is a product with what the request asks of it.
type Product struct {
	ID           string
	Handle       string
	Title        string
	Description  string
	Status       ProductStatus
	Vendor       *string
	Tags         []string
	Options      []*ProductOption
	Category     *Category
	Media        []*Media
	Variants     []*Variant
	ExternalRefs []*ExternalRef
	CreatedAt    time.Time
	UpdatedAt    time.Time

	Ranges map[string]*PriceRange // by ChannelKey
}

// IsNode says that a product has an id of its own.
func (Product) IsNode() {}

// PriceRange is the range asked for a channel.
func (p *Product) PriceRange(channel *ChannelRef) *PriceRange { return p.Ranges[ChannelKey(channel)] }

// Variant is a variant with what the request asks of it.
type Variant struct {
	ID              string
	Sku             string
	Barcode         *string
	Title           *string
	SelectedOptions []*SelectedOption
	WeightGrams     *int
	Product         *Product
	ExternalRefs    []*ExternalRef

	Prices     map[string]*Price                       // by ChannelKey
	Stock      *int                                    // how many can be sold
	LevelPages map[string]*VariantStockLevelConnection // by PageKey
}

// IsNode says that a variant has an id of its own.
func (Variant) IsNode() {}

// Price is the price asked for a channel.
func (v *Variant) Price(channel *ChannelRef) *Price { return v.Prices[ChannelKey(channel)] }

// Available is how many can be sold; channels show it before their stock rules.
func (v *Variant) Available(channel *ChannelRef) *int { return v.Stock }

// StockLevels is the page asked.
func (v *Variant) StockLevels(first *int, after *string, last *int, before *string) *VariantStockLevelConnection {
	return v.LevelPages[PageKey(first, after, last, before)]
}
