package commerce

import (
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// UUID is an id as it is stored: a UUIDv7, so ids sort by the time they were made.
type UUID = uuid.UUID

// NewUUID makes a UUIDv7. Ids made by one process rise. It may be called by many at once.
func NewUUID() UUID { return uuid.Must(uuid.NewV7()) }

// Kind is the prefix of an id outside.
type Kind string

// The kinds of ids that go outside.
const (
	BrandID            Kind = "brand"
	ProductID          Kind = "prod"
	CategoryID         Kind = "cat"
	VariantID          Kind = "var"
	LocationID         Kind = "loc"
	StockLevelID       Kind = "lvl"
	StockMovementID    Kind = "mov"
	OrderID            Kind = "ord"
	OrderLineID        Kind = "line"
	FulfillmentOrderID Kind = "fo"
	FulfillmentID      Kind = "ful"
	PaymentID          Kind = "pay"
	ReservationID      Kind = "rsv"
	TransferID         Kind = "trf"
	ReturnID           Kind = "ret"
	RefundID           Kind = "ref"
	MemberID           Kind = "mem"
	ChannelID          Kind = "chan"
	ListingID          Kind = "lst"
	JobID              Kind = "job"
	EventID            Kind = "evt"
)

// ID is an id as it goes outside: prefix, underscore and 26 characters of lower-case Crockford base32, as TypeID has it.
// Source: the TypeID specification, version 0.3.
type ID struct {
	Kind Kind
	UUID UUID
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

var reverse = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range alphabet {
		t[alphabet[i]] = byte(i)
	}
	return
}()

// String writes the id as it goes outside.
func (id ID) String() string {
	out := make([]byte, 0, len(id.Kind)+27)
	out = append(append(out, id.Kind...), '_')
	return string(appendBase32(out, id.UUID))
}

func appendBase32(out []byte, u UUID) []byte {
	// 128 bits in 26 characters: two zero bits lead.
	var bits uint
	var acc uint32
	acc, bits = 0, 2
	for _, b := range u {
		acc = acc<<8 | uint32(b)
		bits += 8
		for bits >= 5 {
			bits -= 5
			out = append(out, alphabet[acc>>bits&31])
		}
	}
	return out
}

// ErrID says that a text is no id of the kind asked.
var ErrID = errors.New("not an id of this kind")

// ParseID reads an id of one kind; anything else is ErrID.
func ParseID(kind Kind, s string) (UUID, error) {
	id, err := ParseAnyID(s)
	if err != nil || id.Kind != kind {
		return UUID{}, ErrID
	}
	return id.UUID, nil
}

// ParseAnyID reads an id of any kind; the kind is not checked against the list.
func ParseAnyID(s string) (ID, error) {
	if len(s) < 28 || len(s) > 40 || s[len(s)-27] != '_' {
		return ID{}, ErrID
	}
	body := s[len(s)-26:]
	if reverse[body[0]] > 7 {
		return ID{}, ErrID
	}
	var u UUID
	var acc uint32
	var bits uint
	n := 0
	for i := range len(body) {
		v := reverse[body[i]]
		if v == 0xff {
			return ID{}, ErrID
		}
		acc = acc<<5 | uint32(v)
		if i == 0 {
			bits = 3
		} else {
			bits += 5
		}
		if bits >= 8 {
			bits -= 8
			u[n] = byte(acc >> bits)
			n++
		}
	}
	return ID{Kind: Kind(s[:len(s)-27]), UUID: u}, nil
}

// Value and Scan are left out on purpose: an ID is for the outside, a UUID for the database.
var _ driver.Valuer = UUID{}

// GoString helps tests to print ids.
func (id ID) GoString() string { return fmt.Sprintf("commerce.ID(%q)", id.String()) }
