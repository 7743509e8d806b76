package db

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// binaryUUIDs teaches a connection to send UUIDs as the 16 bytes they are. Otherwise each goes out as text, through driver.Valuer.
func binaryUUIDs(_ context.Context, c *pgx.Conn) error {
	m := c.TypeMap()
	m.TryWrapEncodePlanFuncs = append([]pgtype.TryWrapEncodePlanFunc{wrapUUID}, m.TryWrapEncodePlanFuncs...)
	return nil
}

func wrapUUID(value any) (pgtype.WrappedEncodePlanNextSetter, any, bool) {
	if u, ok := value.(uuid.UUID); ok {
		return &uuidPlan{}, binaryUUID(u), true
	}
	return nil, nil, false
}

type binaryUUID uuid.UUID

// UUIDValue gives the bytes.
func (u binaryUUID) UUIDValue() (pgtype.UUID, error) { return pgtype.UUID{Bytes: u, Valid: true}, nil }

type uuidPlan struct{ next pgtype.EncodePlan }

// SetNext takes the plan that encodes the bytes.
func (p *uuidPlan) SetNext(next pgtype.EncodePlan) { p.next = next }

// Encode encodes a UUID by that plan.
func (p *uuidPlan) Encode(value any, buf []byte) ([]byte, error) {
	return p.next.Encode(binaryUUID(value.(uuid.UUID)), buf)
}
