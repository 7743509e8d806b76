package channels

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/commerce/catalog"
	"github.com/oneshelf/oneshelf/ent"
	"github.com/oneshelf/oneshelf/ent/job"
	"github.com/oneshelf/oneshelf/events"
	"github.com/oneshelf/oneshelf/integrations"
)

// What can be synced.
const (
	SyncOrders   = "ORDERS"
	SyncStock    = "STOCK"
	SyncListings = "LISTINGS"
)

// The states of a job.
const (
	jobQueued  = "QUEUED"
	jobRunning = "RUNNING"
	jobDone    = "DONE"
	jobFailed  = "FAILED"
)

const kindSync = "channel.sync"

// SyncInput asks for work now instead of when it is due.
type SyncInput struct {
	Channel commerce.ChannelRef
	What    []string
}

type syncJob struct {
	What []string `json:"what"`
}

// Sync starts a job that syncs what is asked, in order. The job is a row: it goes on after a restart.
// Errors: FORBIDDEN without channels:write; NOT_FOUND; INVALID_INPUT; ILLEGAL_TRANSITION when the channel is not active.
func (s *Service) Sync(ctx context.Context, in SyncInput) (*ent.Job, error) {
	if err := auth.Need(ctx, auth.ChannelsWrite); err != nil {
		return nil, err
	}
	if len(in.What) == 0 {
		return nil, commerce.Invalid([]string{"what"}, "must name something")
	}
	return events.Do(ctx, s.Store, func(tx *events.Tx) (*ent.Job, error) {
		found, err := Find(ctx, tx.Ent, []commerce.ChannelRef{in.Channel})
		if err != nil {
			return nil, err
		}
		c := found[0]
		switch {
		case c == nil:
			return nil, commerce.Errorf(commerce.NotFound, "there is no such channel").At("channel")
		case c.Kind == Storefront:
			return nil, commerce.Invalid([]string{"channel"}, "is a shop of the brand's own: there is nothing to sync")
		case c.State != Active:
			return nil, &commerce.Error{Code: commerce.IllegalTransition, Message: "the channel is " + c.State, Field: []string{"channel"},
				Details: commerce.Allowed{Mutations: []string{"channelConnect"}}}
		}
		input, err := json.Marshal(syncJob{in.What})
		if err != nil {
			return nil, err
		}
		return tx.Ent.Job.Create().SetKind(kindSync).SetChannelID(c.ID).SetInput(input).SetState(jobQueued).SetTotal(len(in.What)).
			SetActor(tx.Viewer.Subject).SetCreatedAt(tx.Now).Save(ctx)
	})
}

// doJobs does the jobs of a channel. One that was running when a process died is done again from where it stood.
func (s *Service) doJobs(ctx context.Context, c *ent.Channel, shop *integrations.Connection) error {
	open, err := s.Store.Ent.Job.Query().Where(job.ChannelID(c.ID), job.StateIn(jobQueued, jobRunning)).Order(job.ByID()).Limit(10).All(ctx)
	if err != nil {
		return err
	}
	for _, j := range open {
		err := s.doJob(ctx, c, shop, j)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil {
			if err := s.progress(ctx, j, jobDone, j.Total, ""); err != nil {
				return err
			}
			continue
		}
		e := gravest(err)
		state, text := jobRunning, ""
		if !e.Retryable() || j.Attempts >= 5 {
			state, text = jobFailed, codeOf(e)+": "+e.Message
		}
		finished := commerce.Instant(0)
		if state == jobFailed {
			finished = s.Store.Instant()
		}
		if _, err := s.Store.DB.Write().Exec(ctx, "UPDATE jobs SET state = ?, error = ?, attempts = attempts + 1, finished_at = ? WHERE brand_id = ? AND id = ?",
			state, text, finished, j.BrandID, j.ID); err != nil {
			return err
		}
		return err
	}
	return nil
}

func (s *Service) doJob(ctx context.Context, c *ent.Channel, shop *integrations.Connection, j *ent.Job) error {
	var in syncJob
	if err := json.Unmarshal(j.Input, &in); err != nil {
		return err
	}
	for i := j.Done; i < len(in.What); i++ {
		if err := s.progress(ctx, j, jobRunning, i, ""); err != nil {
			return err
		}
		var err error
		switch in.What[i] {
		case SyncOrders:
			err = errors.Join(s.poll(ctx, c, shop, askedOverlap), s.replayHeld(ctx, c), s.readAgain(ctx, c, shop, 0))
		case SyncStock:
			err = s.pushAgain(ctx, c, shop)
		case SyncListings:
			err = s.readListings(ctx, c, shop)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) progress(ctx context.Context, j *ent.Job, state string, done int, text string) error {
	finished := commerce.Instant(0)
	if state == jobDone {
		finished = s.Store.Instant()
	}
	_, err := s.Store.DB.Write().Exec(ctx, "UPDATE jobs SET state = ?, done = ?, error = ?, finished_at = ? WHERE brand_id = ? AND id = ?",
		state, done, text, finished, j.BrandID, j.ID)
	return err
}

// pushAgain tells every quantity again, whatever was told before.
func (s *Service) pushAgain(ctx context.Context, c *ent.Channel, shop *integrations.Connection) error {
	if _, err := s.Store.DB.Write().Exec(ctx, "UPDATE listings SET due_at = ? WHERE brand_id = ? AND channel_id = ? AND "+selling,
		s.Store.Instant(), c.BrandID, c.ID); err != nil {
		return err
	}
	return s.settleListings(ctx, c, shop)
}

// readListings reads what the shop shows already and maps it to variants by outer code. What has no variant is left alone.
func (s *Service) readListings(ctx context.Context, c *ent.Channel, shop *integrations.Connection) error {
	return shop.Listings(ctx, func(batch []integrations.RemoteListing) error {
		refs := make([]commerce.VariantRef, len(batch))
		for i, r := range batch {
			refs[i] = commerce.VariantRef{SKU: r.OuterCode}
		}
		_, err := events.Do(ctx, s.Store, func(tx *events.Tx) (struct{}, error) {
			variants, err := catalog.FindVariants(ctx, tx.Ent, refs)
			if err != nil {
				return struct{}{}, err
			}
			known := distinctKnown(variants)
			old, err := listed(ctx, tx, c.ID, ids(known))
			if err != nil {
				return struct{}{}, err
			}
			for i, r := range batch {
				if v := variants[i]; v != nil {
					if err := adopt(ctx, tx, c, v, old, r); err != nil {
						return struct{}{}, err
					}
				}
			}
			return struct{}{}, nil
		})
		return err
	})
}

// adopt makes our listing of what the shop shows; one that is ours already keeps what we want of it. One of which something was refused
// may have lost its item: when it is on sale, its quantity is told where it is now.
func adopt(ctx context.Context, tx *events.Tx, c *ent.Channel, v *ent.Variant, old map[commerce.UUID]*ent.Listing, r integrations.RemoteListing) error {
	l := old[v.ID]
	if l != nil && l.ExternalID != "" && (l.State != Rejected || !r.Live) {
		return nil
	}
	state := Unpublished
	if r.Live {
		state = Live
	}
	var saved *ent.Listing
	var err error
	if l == nil {
		saved, err = tx.Ent.Listing.Create().SetChannelID(c.ID).SetVariantID(v.ID).SetState(state).SetWanted(wantNothing).
			SetExternalID(r.ExternalID).SetExternalSkuID(r.ExternalSKUID).SetPublishedPrice(r.Price).SetPublishedQuantity(int64(r.Quantity)).
			SetCreatedAt(tx.Now).SetUpdatedAt(tx.Now).Save(ctx)
	} else {
		due := l.DueAt
		if l.State == Rejected {
			due = tx.Now
		}
		saved, err = tx.Ent.Listing.UpdateOne(l).SetExternalID(r.ExternalID).SetExternalSkuID(r.ExternalSKUID).SetDueAt(due).AddVersion(1).SetUpdatedAt(tx.Now).Save(ctx)
	}
	if err != nil {
		return err
	}
	old[v.ID] = saved
	sayListing(tx, saved.ID, saved.Version, c.ID)
	return nil
}

func distinctKnown(variants []*ent.Variant) []*ent.Variant {
	var known []*ent.Variant
	for _, v := range variants {
		if v != nil {
			known = append(known, v)
		}
	}
	return distinct(known)
}
