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

// Cleaned are refs with their names as they are stored, so that a name finds its row however it is written: see the methods Clean.
func Cleaned[R interface{ Clean() R }](refs []R) []R {
	out := make([]R, len(refs))
	for i, r := range refs {
		out[i] = r.Clean()
	}
	return out
}

// Clean is the ref with its names as they are stored. One by a text that nothing can be called is as unknown as a made-up id. So it is
// with every kind of ref.
func (r ProductRef) Clean() ProductRef {
	if !name(&r.Handle, NameText) || !given(&r.External) {
		return ProductRef{ID: &UUID{}}
	}
	return r
}

// Clean is as that of a ProductRef.
func (r VariantRef) Clean() VariantRef {
	if !name(&r.SKU, CodeText) || !name(&r.Barcode, CodeText) || !given(&r.External) {
		return VariantRef{ID: &UUID{}}
	}
	return r
}

// Clean is as that of a ProductRef.
func (r LocationRef) Clean() LocationRef {
	if !name(&r.Code, CodeText) || !given(&r.External) {
		return LocationRef{ID: &UUID{}}
	}
	return r
}

// Clean is as that of a ProductRef.
func (r ChannelRef) Clean() ChannelRef {
	if !name(&r.Code, CodeText) {
		return ChannelRef{ID: &UUID{}}
	}
	return r
}

// Clean is as that of a ProductRef. A phone stays as it is: members compare it by its digits.
func (r MemberRef) Clean() MemberRef {
	if !given(&r.External) || !given(&r.Identity) {
		return MemberRef{ID: &UUID{}}
	}
	return r
}

// Clean is as that of a ProductRef.
func (r OrderRef) Clean() OrderRef {
	if !name(&r.Number, CodeText) || !given(&r.External) {
		return OrderRef{ID: &UUID{}}
	}
	return r
}

// name cleans a name where it is, if there is one, and tells whether something can be called that.
func name(s *string, rule Text) bool {
	if *s == "" {
		return true
	}
	clean, err := rule.Clean(*s)
	*s = clean
	return err == nil
}

// given is name for what another system calls something; what the caller has of it stays as it is.
func given(r **Reference) bool {
	if *r == nil {
		return true
	}
	var errs Errors
	clean := errs.Reference(**r)
	*r = &clean
	return len(errs) == 0
}
