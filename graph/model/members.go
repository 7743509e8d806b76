package model

import "time"

// Member is a member with what the request asks; contact fields are masked already.
type Member struct {
	ID           string
	Name         *string
	Phone        *string
	Email        *string
	Birthday     *string
	Tags         []string
	Identities   []*MemberIdentity
	Consents     []*Consent
	ExternalRefs []*ExternalRef
	CreatedAt    time.Time
	UpdatedAt    time.Time

	OrderPages map[string]*MemberOrderConnection // by PageKey
}

// IsNode says that a member has an id of its own.
func (Member) IsNode() {}

// Orders is the page asked.
func (m *Member) Orders(first *int, after *string, last *int, before *string) *MemberOrderConnection {
	return m.OrderPages[PageKey(first, after, last, before)]
}
