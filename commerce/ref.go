package commerce

// A ref names a row in one of several ways; exactly one of its fields is set. An id that was malformed or of another kind stands
// as the nil UUID, which no row has: it is as unknown as a made-up one.
type (
	// ProductRef names a product.
	ProductRef struct {
		ID       *UUID
		Handle   string
		External *Reference
	}
	// VariantRef names a variant.
	VariantRef struct {
		ID       *UUID
		SKU      string
		Barcode  string
		External *Reference
	}
	// LocationRef names a location.
	LocationRef struct {
		ID       *UUID
		Code     string
		External *Reference
	}
	// ChannelRef names a channel.
	ChannelRef struct {
		ID   *UUID
		Code string
	}
	// MemberRef names a member. By phone nothing is found without members:pii.
	MemberRef struct {
		ID       *UUID
		Phone    string
		External *Reference
		Identity *Reference
	}
	// OrderRef names an order.
	OrderRef struct {
		ID       *UUID
		Number   string
		External *Reference
	}
)
