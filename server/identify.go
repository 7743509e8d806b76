package server

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/internal/cache"
	"github.com/oneshelf/oneshelf/internal/db"
)

// narrowingTTL bounds how long a resolved narrowing is kept; the brand's generation in its key ends it earlier.
const narrowingTTL = 5 * time.Minute

// identify turns a bearer token into a viewer: its claims verified, its brand looked up, its codes resolved to ids. A token of a
// brand that does not exist is as invalid as any. What it finds stands for recentTTL, but for a narrowed token, which sees a new
// place or channel of its own at once.
func (s *Server) identify(ctx context.Context, token string) (*auth.Viewer, error) {
	now := s.Store.Now()
	if v, ok := s.recents.find(token, now); ok {
		recognized(ctx, v)
		return v, nil
	}
	claims, err := s.Verifier.Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	v := &auth.Viewer{
		Code: claims.Brand, Subject: claims.Subject, Kind: auth.Person, Scopes: claims.Scopes, Expires: claims.Expires,
	}
	var generation int64
	err = s.Store.DB.Read().QueryRow(ctx, "SELECT id, name, currency, generation FROM brands WHERE code = ?", claims.Brand).
		Scan(&v.Brand, &v.Name, &v.Currency, &generation)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, commerce.Errorf(commerce.Unauthenticated, "the token is not valid")
	}
	if err != nil {
		return nil, err
	}
	recognized(ctx, v)
	if claims.Channels == nil && claims.Locations == nil {
		s.recents.keep(token, v, now)
		return v, nil
	}
	n, err := cache.Get(ctx, s.Cache, narrowingKey(v.Brand, generation, claims), narrowingTTL, func() (narrowing, error) {
		return s.resolve(ctx, v.Brand, claims)
	})
	if err != nil {
		return nil, err
	}
	// A nil list is all: what is kept must come back as a list even when it is empty.
	if claims.Channels != nil {
		v.Channels = append([]commerce.UUID{}, n.Channels...)
	}
	if claims.Locations != nil {
		v.Locations = append([]commerce.UUID{}, n.Locations...)
	}
	return v, nil
}

// narrowing is what a token's codes stand for.
type narrowing struct{ Channels, Locations []commerce.UUID }

func narrowingKey(brand commerce.UUID, generation int64, c auth.Claims) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q %q", c.Channels, c.Locations)))
	return fmt.Sprintf("narrowing:%s:%d:%s", brand, generation, hex.EncodeToString(sum[:16]))
}

func (s *Server) resolve(ctx context.Context, brand commerce.UUID, c auth.Claims) (n narrowing, err error) {
	if n.Channels, err = s.codes(ctx, "channels", brand, c.Channels); err != nil {
		return n, err
	}
	n.Locations, err = s.codes(ctx, "locations", brand, c.Locations)
	return n, err
}

// codes finds the ids of codes; one that does not exist stands for nothing.
func (s *Server) codes(ctx context.Context, table string, brand commerce.UUID, codes []string) ([]commerce.UUID, error) {
	if len(codes) == 0 {
		return nil, nil
	}
	folded := make([]string, len(codes))
	for i, c := range codes {
		folded[i] = commerce.Fold(c)
	}
	slices.Sort(folded)
	in, args := db.In("code_folded", slices.Compact(folded))
	rows, err := s.Store.DB.Read().Query(ctx, "SELECT id FROM "+table+" WHERE brand_id = ? AND "+in+" ORDER BY id", append([]any{brand}, args...)...)
	return db.Collect(rows, err, db.ScanUUID)
}

// newRequestID names a request in answers, logs and causes.
func newRequestID() string {
	return strings.ReplaceAll(commerce.NewUUID().String(), "-", "")[8:]
}
