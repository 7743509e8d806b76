-- Create "allocations" table
CREATE TABLE `allocations` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `order_id` uuid NOT NULL, `variant_id` uuid NOT NULL, `location_id` uuid NOT NULL, `quantity` integer NOT NULL, `fulfilled` integer NOT NULL DEFAULT (0), `released` integer NOT NULL DEFAULT (0), `order_line_id` uuid NOT NULL, `fulfillment_order_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `allocations_order_lines_order_line` FOREIGN KEY (`brand_id`, `order_line_id`) REFERENCES `order_lines` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `allocations_fulfillment_orders_fulfillment_order` FOREIGN KEY (`brand_id`, `fulfillment_order_id`) REFERENCES `fulfillment_orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `allocations_sum` CHECK (quantity > 0 AND fulfilled >= 0 AND released >= 0 AND fulfilled + released <= quantity));
-- Create index "allocation_brand_id_order_id" to table: "allocations"
CREATE INDEX `allocation_brand_id_order_id` ON `allocations` (`brand_id`, `order_id`);
-- Create index "allocation_brand_id_fulfillment_order_id_order_line_id" to table: "allocations"
CREATE UNIQUE INDEX `allocation_brand_id_fulfillment_order_id_order_line_id` ON `allocations` (`brand_id`, `fulfillment_order_id`, `order_line_id`);
-- Create index "allocation_brand_id_variant_id_location_id" to table: "allocations"
CREATE INDEX `allocation_brand_id_variant_id_location_id` ON `allocations` (`brand_id`, `variant_id`, `location_id`);
-- Create "brands" table
CREATE TABLE `brands` (`id` uuid NOT NULL, `code` text NOT NULL, `name` text NOT NULL, `currency` text NOT NULL, `generation` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "brands_code_key" to table: "brands"
CREATE UNIQUE INDEX `brands_code_key` ON `brands` (`code`);
-- Create "categories" table
CREATE TABLE `categories` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `name` text NOT NULL, `path` json NOT NULL, `path_key` text NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `categories_brands` FOREIGN KEY (`brand_id`) REFERENCES `brands` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "category_brand_id_id" to table: "categories"
CREATE UNIQUE INDEX `category_brand_id_id` ON `categories` (`brand_id`, `id`);
-- Create index "category_brand_id_path_key" to table: "categories"
CREATE UNIQUE INDEX `category_brand_id_path_key` ON `categories` (`brand_id`, `path_key`);
-- Create "channels" table
CREATE TABLE `channels` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `code` text NOT NULL, `code_folded` text NOT NULL, `name` text NOT NULL, `kind` text NOT NULL, `state` text NOT NULL, `currency` text NOT NULL, `settings` json NOT NULL, `secrets` blob NULL, `last_success_at` integer NOT NULL DEFAULT (0), `last_error_code` text NOT NULL DEFAULT (''), `last_error_message` text NOT NULL DEFAULT (''), `orders_until` integer NOT NULL DEFAULT (0), `lease_holder` text NOT NULL DEFAULT (''), `lease_until` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`), CONSTRAINT `channels_brands` FOREIGN KEY (`brand_id`) REFERENCES `brands` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "channel_brand_id_id" to table: "channels"
CREATE UNIQUE INDEX `channel_brand_id_id` ON `channels` (`brand_id`, `id`);
-- Create index "channel_brand_id_code_folded" to table: "channels"
CREATE UNIQUE INDEX `channel_brand_id_code_folded` ON `channels` (`brand_id`, `code_folded`);
-- Create index "channel_brand_id_code_id" to table: "channels"
CREATE INDEX `channel_brand_id_code_id` ON `channels` (`brand_id`, `code`, `id`);
-- Create index "channel_state_lease_until" to table: "channels"
CREATE INDEX `channel_state_lease_until` ON `channels` (`state`, `lease_until`);
-- Create "channel_orders" table
CREATE TABLE `channel_orders` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `external_id` text NOT NULL, `raw` blob NOT NULL, `news` blob NOT NULL, `fingerprint` text NOT NULL, `external_state` text NOT NULL, `modified_at` integer NOT NULL, `received_at` integer NOT NULL, `held` bool NOT NULL DEFAULT (false), `channel_id` uuid NOT NULL, `order_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `channel_orders_channels_channel` FOREIGN KEY (`brand_id`, `channel_id`) REFERENCES `channels` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `channel_orders_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "channelorder_brand_id_id" to table: "channel_orders"
CREATE UNIQUE INDEX `channelorder_brand_id_id` ON `channel_orders` (`brand_id`, `id`);
-- Create index "channelorder_brand_id_channel_id_external_id" to table: "channel_orders"
CREATE UNIQUE INDEX `channelorder_brand_id_channel_id_external_id` ON `channel_orders` (`brand_id`, `channel_id`, `external_id`);
-- Create index "channelorder_brand_id_order_id" to table: "channel_orders"
CREATE INDEX `channelorder_brand_id_order_id` ON `channel_orders` (`brand_id`, `order_id`);
-- Create index "channelorder_brand_id_channel_id_held" to table: "channel_orders"
CREATE INDEX `channelorder_brand_id_channel_id_held` ON `channel_orders` (`brand_id`, `channel_id`, `held`);
-- Create "events" table
CREATE TABLE `events` (`id` integer NOT NULL PRIMARY KEY AUTOINCREMENT, `brand_id` uuid NOT NULL, `uid` uuid NOT NULL, `seq` integer NULL, `type` text NOT NULL, `aggregate_id` uuid NOT NULL, `sequence` integer NOT NULL, `channel_id` uuid NULL, `location_id` uuid NULL, `actor` text NOT NULL, `cause` text NOT NULL, `data` json NULL, `occurred_at` integer NOT NULL);
-- Create index "events_seq_key" to table: "events"
CREATE UNIQUE INDEX `events_seq_key` ON `events` (`seq`);
-- Create index "event_brand_id_seq" to table: "events"
CREATE INDEX `event_brand_id_seq` ON `events` (`brand_id`, `seq`);
-- Create index "events_unnumbered" to table: "events"
CREATE INDEX `events_unnumbered` ON `events` (`id`) WHERE seq IS NULL;
-- Create "event_cursors" table
CREATE TABLE `event_cursors` (`id` text NOT NULL, `seq` integer NOT NULL, `lease_holder` text NOT NULL DEFAULT (''), `lease_until` integer NOT NULL DEFAULT (0), PRIMARY KEY (`id`));
-- Create "external_refs" table
CREATE TABLE `external_refs` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `kind` text NOT NULL, `system` text NOT NULL, `value` text NOT NULL, `product_id` uuid NULL, `variant_id` uuid NULL, `location_id` uuid NULL, `member_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `external_refs_products_product` FOREIGN KEY (`brand_id`, `product_id`) REFERENCES `products` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `external_refs_variants_variant` FOREIGN KEY (`brand_id`, `variant_id`) REFERENCES `variants` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `external_refs_locations_location` FOREIGN KEY (`brand_id`, `location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `external_refs_members_member` FOREIGN KEY (`brand_id`, `member_id`) REFERENCES `members` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `external_refs_brands` FOREIGN KEY (`brand_id`) REFERENCES `brands` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `external_refs_one` CHECK ((CASE WHEN product_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN variant_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN location_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN member_id IS NULL THEN 0 ELSE 1 END) = 1));
-- Create index "externalref_brand_id_id" to table: "external_refs"
CREATE UNIQUE INDEX `externalref_brand_id_id` ON `external_refs` (`brand_id`, `id`);
-- Create index "externalref_brand_id_kind_system_value" to table: "external_refs"
CREATE UNIQUE INDEX `externalref_brand_id_kind_system_value` ON `external_refs` (`brand_id`, `kind`, `system`, `value`);
-- Create index "externalref_brand_id_product_id" to table: "external_refs"
CREATE INDEX `externalref_brand_id_product_id` ON `external_refs` (`brand_id`, `product_id`);
-- Create index "externalref_brand_id_variant_id" to table: "external_refs"
CREATE INDEX `externalref_brand_id_variant_id` ON `external_refs` (`brand_id`, `variant_id`);
-- Create index "externalref_brand_id_location_id" to table: "external_refs"
CREATE INDEX `externalref_brand_id_location_id` ON `external_refs` (`brand_id`, `location_id`);
-- Create index "externalref_brand_id_member_id" to table: "external_refs"
CREATE INDEX `externalref_brand_id_member_id` ON `external_refs` (`brand_id`, `member_id`);
-- Create "fulfillments" table
CREATE TABLE `fulfillments` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `carrier` text NOT NULL, `tracking_number` text NOT NULL, `shipped_at` integer NOT NULL, `order_id` uuid NOT NULL, `fulfillment_order_id` uuid NOT NULL, `location_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `fulfillments_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `fulfillments_fulfillment_orders_fulfillment_order` FOREIGN KEY (`brand_id`, `fulfillment_order_id`) REFERENCES `fulfillment_orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `fulfillments_locations_location` FOREIGN KEY (`brand_id`, `location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "fulfillment_brand_id_id" to table: "fulfillments"
CREATE UNIQUE INDEX `fulfillment_brand_id_id` ON `fulfillments` (`brand_id`, `id`);
-- Create index "fulfillment_brand_id_order_id" to table: "fulfillments"
CREATE INDEX `fulfillment_brand_id_order_id` ON `fulfillments` (`brand_id`, `order_id`);
-- Create "fulfillment_lines" table
CREATE TABLE `fulfillment_lines` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `quantity` integer NOT NULL, `fulfillment_id` uuid NOT NULL, `order_line_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `fulfillment_lines_fulfillments_fulfillment` FOREIGN KEY (`brand_id`, `fulfillment_id`) REFERENCES `fulfillments` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `fulfillment_lines_order_lines_order_line` FOREIGN KEY (`brand_id`, `order_line_id`) REFERENCES `order_lines` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "fulfillmentline_brand_id_fulfillment_id" to table: "fulfillment_lines"
CREATE INDEX `fulfillmentline_brand_id_fulfillment_id` ON `fulfillment_lines` (`brand_id`, `fulfillment_id`);
-- Create "fulfillment_orders" table
CREATE TABLE `fulfillment_orders` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `state` text NOT NULL, `dispatch` integer NOT NULL DEFAULT (0), `hold_reason` text NOT NULL DEFAULT (''), `accept_by` integer NOT NULL DEFAULT (0), `routing` json NULL, `order_id` uuid NOT NULL, `location_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `fulfillment_orders_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `fulfillment_orders_locations_location` FOREIGN KEY (`brand_id`, `location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "fulfillmentorder_brand_id_id" to table: "fulfillment_orders"
CREATE UNIQUE INDEX `fulfillmentorder_brand_id_id` ON `fulfillment_orders` (`brand_id`, `id`);
-- Create index "fulfillmentorder_brand_id_order_id" to table: "fulfillment_orders"
CREATE INDEX `fulfillmentorder_brand_id_order_id` ON `fulfillment_orders` (`brand_id`, `order_id`);
-- Create index "fulfillmentorder_brand_id_location_id_state_id" to table: "fulfillment_orders"
CREATE INDEX `fulfillmentorder_brand_id_location_id_state_id` ON `fulfillment_orders` (`brand_id`, `location_id`, `state`, `id`);
-- Create index "fulfillmentorder_state_accept_by" to table: "fulfillment_orders"
CREATE INDEX `fulfillmentorder_state_accept_by` ON `fulfillment_orders` (`state`, `accept_by`);
-- Create "idempotency_keys" table
CREATE TABLE `idempotency_keys` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `caller` text NOT NULL, `operation` text NOT NULL, `key` text NOT NULL, `input_hash` blob NOT NULL, `answer` blob NOT NULL, `created_at` integer NOT NULL, PRIMARY KEY (`id`));
-- Create index "idempotencykey_brand_id_caller_operation_key" to table: "idempotency_keys"
CREATE UNIQUE INDEX `idempotencykey_brand_id_caller_operation_key` ON `idempotency_keys` (`brand_id`, `caller`, `operation`, `key`);
-- Create index "idempotencykey_created_at" to table: "idempotency_keys"
CREATE INDEX `idempotencykey_created_at` ON `idempotency_keys` (`created_at`);
-- Create "jobs" table
CREATE TABLE `jobs` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `kind` text NOT NULL, `input` json NOT NULL, `state` text NOT NULL, `done` integer NOT NULL DEFAULT (0), `total` integer NOT NULL DEFAULT (0), `error` text NOT NULL DEFAULT (''), `attempts` integer NOT NULL DEFAULT (0), `actor` text NOT NULL, `created_at` integer NOT NULL, `finished_at` integer NOT NULL DEFAULT (0), `channel_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `jobs_channels_channel` FOREIGN KEY (`brand_id`, `channel_id`) REFERENCES `channels` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `jobs_brands` FOREIGN KEY (`brand_id`) REFERENCES `brands` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "job_brand_id_id" to table: "jobs"
CREATE UNIQUE INDEX `job_brand_id_id` ON `jobs` (`brand_id`, `id`);
-- Create index "job_brand_id_channel_id_state" to table: "jobs"
CREATE INDEX `job_brand_id_channel_id_state` ON `jobs` (`brand_id`, `channel_id`, `state`);
-- Create "listings" table
CREATE TABLE `listings` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `state` text NOT NULL, `wanted` text NOT NULL, `external_id` text NOT NULL DEFAULT (''), `external_sku_id` text NOT NULL DEFAULT (''), `published_price` integer NULL, `published_quantity` integer NULL, `desired_quantity` integer NOT NULL DEFAULT (0), `last_pushed_at` integer NOT NULL DEFAULT (0), `error_code` text NOT NULL DEFAULT (''), `error_message` text NOT NULL DEFAULT (''), `attempts` integer NOT NULL DEFAULT (0), `due_at` integer NOT NULL DEFAULT (0), `channel_id` uuid NOT NULL, `variant_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `listings_channels_channel` FOREIGN KEY (`brand_id`, `channel_id`) REFERENCES `channels` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `listings_variants_variant` FOREIGN KEY (`brand_id`, `variant_id`) REFERENCES `variants` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "listing_brand_id_id" to table: "listings"
CREATE UNIQUE INDEX `listing_brand_id_id` ON `listings` (`brand_id`, `id`);
-- Create index "listing_brand_id_channel_id_variant_id" to table: "listings"
CREATE UNIQUE INDEX `listing_brand_id_channel_id_variant_id` ON `listings` (`brand_id`, `channel_id`, `variant_id`);
-- Create index "listing_brand_id_variant_id" to table: "listings"
CREATE INDEX `listing_brand_id_variant_id` ON `listings` (`brand_id`, `variant_id`);
-- Create index "listing_brand_id_channel_id_external_id_external_sku_id" to table: "listings"
CREATE INDEX `listing_brand_id_channel_id_external_id_external_sku_id` ON `listings` (`brand_id`, `channel_id`, `external_id`, `external_sku_id`);
-- Create index "listing_brand_id_channel_id_due_at" to table: "listings"
CREATE INDEX `listing_brand_id_channel_id_due_at` ON `listings` (`brand_id`, `channel_id`, `due_at`);
-- Create "locations" table
CREATE TABLE `locations` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `code` text NOT NULL, `code_folded` text NOT NULL, `name` text NOT NULL, `kind` text NOT NULL, `ownership` text NOT NULL, `active` bool NOT NULL DEFAULT (true), `pickup` bool NOT NULL DEFAULT (false), `ship_from` bool NOT NULL DEFAULT (true), `priority` integer NOT NULL DEFAULT (100), `lent` bool NOT NULL DEFAULT (false), `stale_after` integer NOT NULL DEFAULT (0), `stale_percent` integer NOT NULL DEFAULT (100), `latitude` real NULL, `longitude` real NULL, `address` json NULL, PRIMARY KEY (`id`), CONSTRAINT `locations_brands` FOREIGN KEY (`brand_id`) REFERENCES `brands` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "location_brand_id_id" to table: "locations"
CREATE UNIQUE INDEX `location_brand_id_id` ON `locations` (`brand_id`, `id`);
-- Create index "location_brand_id_code_folded" to table: "locations"
CREATE UNIQUE INDEX `location_brand_id_code_folded` ON `locations` (`brand_id`, `code_folded`);
-- Create index "location_brand_id_code_id" to table: "locations"
CREATE INDEX `location_brand_id_code_id` ON `locations` (`brand_id`, `code`, `id`);
-- Create "members" table
CREATE TABLE `members` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `name` text NOT NULL DEFAULT (''), `phone` text NULL, `phone_folded` text NULL, `email` text NULL, `email_folded` text NULL, `birthday` text NULL, `tags` json NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `members_brands` FOREIGN KEY (`brand_id`) REFERENCES `brands` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "member_brand_id_id" to table: "members"
CREATE UNIQUE INDEX `member_brand_id_id` ON `members` (`brand_id`, `id`);
-- Create index "member_brand_id_phone_folded" to table: "members"
CREATE UNIQUE INDEX `member_brand_id_phone_folded` ON `members` (`brand_id`, `phone_folded`);
-- Create index "member_brand_id_email_folded" to table: "members"
CREATE UNIQUE INDEX `member_brand_id_email_folded` ON `members` (`brand_id`, `email_folded`);
-- Create index "member_brand_id_created_at_id" to table: "members"
CREATE INDEX `member_brand_id_created_at_id` ON `members` (`brand_id`, `created_at`, `id`);
-- Create "member_identities" table
CREATE TABLE `member_identities` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `system` text NOT NULL, `value` text NOT NULL, `verified_at` integer NOT NULL DEFAULT (0), `member_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `member_identities_members_member` FOREIGN KEY (`brand_id`, `member_id`) REFERENCES `members` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "memberidentity_brand_id_id" to table: "member_identities"
CREATE UNIQUE INDEX `memberidentity_brand_id_id` ON `member_identities` (`brand_id`, `id`);
-- Create index "memberidentity_brand_id_system_value" to table: "member_identities"
CREATE UNIQUE INDEX `memberidentity_brand_id_system_value` ON `member_identities` (`brand_id`, `system`, `value`);
-- Create index "memberidentity_brand_id_member_id" to table: "member_identities"
CREATE INDEX `memberidentity_brand_id_member_id` ON `member_identities` (`brand_id`, `member_id`);
-- Create "orders" table
CREATE TABLE `orders` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `number` text NOT NULL, `state` text NOT NULL, `payment_state` text NOT NULL, `fulfillment_state` text NOT NULL, `external_system` text NULL, `external_value` text NULL, `currency` text NOT NULL, `subtotal` integer NOT NULL, `discount` integer NOT NULL DEFAULT (0), `shipping` integer NOT NULL DEFAULT (0), `total` integer NOT NULL, `paid` integer NOT NULL DEFAULT (0), `refunded` integer NOT NULL DEFAULT (0), `note` text NOT NULL DEFAULT (''), `hold_reason` text NOT NULL DEFAULT (''), `returnable` integer NOT NULL DEFAULT (0), `returns_open` integer NOT NULL DEFAULT (0), `address` json NULL, `near` json NULL, `pickup_until` integer NOT NULL DEFAULT (0), `guide` text NOT NULL DEFAULT (''), `evidence` text NOT NULL DEFAULT (''), `placed_at` integer NOT NULL, `paid_at` integer NOT NULL DEFAULT (0), `canceled_at` integer NOT NULL DEFAULT (0), `channel_id` uuid NOT NULL, `member_id` uuid NULL, `pickup_location_id` uuid NULL, `store_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `orders_channels_channel` FOREIGN KEY (`brand_id`, `channel_id`) REFERENCES `channels` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `orders_members_member` FOREIGN KEY (`brand_id`, `member_id`) REFERENCES `members` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `orders_locations_pickup_location` FOREIGN KEY (`brand_id`, `pickup_location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `orders_locations_store` FOREIGN KEY (`brand_id`, `store_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `orders_paid` CHECK (paid >= 0), CONSTRAINT `orders_refunded` CHECK (refunded >= 0 AND refunded <= paid), CONSTRAINT `orders_returns` CHECK (returnable >= 0 AND returns_open >= 0), CONSTRAINT `orders_sums` CHECK (total >= 0 AND total = subtotal - discount + shipping));
-- Create index "order_brand_id_id" to table: "orders"
CREATE UNIQUE INDEX `order_brand_id_id` ON `orders` (`brand_id`, `id`);
-- Create index "order_brand_id_number" to table: "orders"
CREATE UNIQUE INDEX `order_brand_id_number` ON `orders` (`brand_id`, `number`);
-- Create index "order_brand_id_external_value_external_system_channel_id" to table: "orders"
CREATE UNIQUE INDEX `order_brand_id_external_value_external_system_channel_id` ON `orders` (`brand_id`, `external_value`, `external_system`, `channel_id`) WHERE external_value IS NOT NULL;
-- Create index "order_brand_id_placed_at_id" to table: "orders"
CREATE INDEX `order_brand_id_placed_at_id` ON `orders` (`brand_id`, `placed_at`, `id`);
-- Create index "order_brand_id_updated_at_id" to table: "orders"
CREATE INDEX `order_brand_id_updated_at_id` ON `orders` (`brand_id`, `updated_at`, `id`);
-- Create index "order_brand_id_member_id_placed_at_id" to table: "orders"
CREATE INDEX `order_brand_id_member_id_placed_at_id` ON `orders` (`brand_id`, `member_id`, `placed_at`, `id`) WHERE member_id IS NOT NULL;
-- Create index "order_brand_id_state_id" to table: "orders"
CREATE INDEX `order_brand_id_state_id` ON `orders` (`brand_id`, `state`, `id`);
-- Create "order_entries" table
CREATE TABLE `order_entries` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `location_id` uuid NULL, `at` integer NOT NULL, `actor` text NOT NULL, `kind` text NOT NULL, `note` text NOT NULL DEFAULT (''), `order_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `order_entries_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "orderentry_brand_id_order_id_id" to table: "order_entries"
CREATE INDEX `orderentry_brand_id_order_id_id` ON `order_entries` (`brand_id`, `order_id`, `id`);
-- Create "order_lines" table
CREATE TABLE `order_lines` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `position` integer NOT NULL, `sku` text NOT NULL, `title` text NOT NULL, `quantity` integer NOT NULL, `fulfilled` integer NOT NULL DEFAULT (0), `canceled` integer NOT NULL DEFAULT (0), `returned` integer NOT NULL DEFAULT (0), `unit_price` integer NOT NULL, `total` integer NOT NULL, `discount_shares` json NULL, `external_id` text NOT NULL DEFAULT (''), `order_id` uuid NOT NULL, `variant_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `order_lines_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `order_lines_variants_variant` FOREIGN KEY (`brand_id`, `variant_id`) REFERENCES `variants` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `order_lines_fulfilled` CHECK (fulfilled >= 0 AND canceled >= 0 AND fulfilled + canceled <= quantity), CONSTRAINT `order_lines_quantity` CHECK (quantity > 0), CONSTRAINT `order_lines_returned` CHECK (returned >= 0 AND returned <= fulfilled), CONSTRAINT `order_lines_total` CHECK (total >= 0));
-- Create index "orderline_brand_id_id" to table: "order_lines"
CREATE UNIQUE INDEX `orderline_brand_id_id` ON `order_lines` (`brand_id`, `id`);
-- Create index "orderline_brand_id_order_id_position" to table: "order_lines"
CREATE UNIQUE INDEX `orderline_brand_id_order_id_position` ON `order_lines` (`brand_id`, `order_id`, `position`);
-- Create index "orderline_brand_id_variant_id" to table: "order_lines"
CREATE INDEX `orderline_brand_id_variant_id` ON `order_lines` (`brand_id`, `variant_id`);
-- Create "order_returns" table
CREATE TABLE `order_returns` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `state` text NOT NULL, `order_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `order_returns_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "orderreturn_brand_id_id" to table: "order_returns"
CREATE UNIQUE INDEX `orderreturn_brand_id_id` ON `order_returns` (`brand_id`, `id`);
-- Create index "orderreturn_brand_id_order_id" to table: "order_returns"
CREATE INDEX `orderreturn_brand_id_order_id` ON `order_returns` (`brand_id`, `order_id`);
-- Create "order_return_lines" table
CREATE TABLE `order_return_lines` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `quantity` integer NOT NULL, `reason` text NOT NULL, `disposition` text NOT NULL DEFAULT (''), `order_id` uuid NOT NULL, `order_return_id` uuid NOT NULL, `order_line_id` uuid NOT NULL, `location_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `order_return_lines_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `order_return_lines_order_returns_order_return` FOREIGN KEY (`brand_id`, `order_return_id`) REFERENCES `order_returns` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `order_return_lines_order_lines_order_line` FOREIGN KEY (`brand_id`, `order_line_id`) REFERENCES `order_lines` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `order_return_lines_locations_location` FOREIGN KEY (`brand_id`, `location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `order_return_lines_quantity` CHECK (quantity > 0));
-- Create index "orderreturnline_brand_id_order_return_id" to table: "order_return_lines"
CREATE INDEX `orderreturnline_brand_id_order_return_id` ON `order_return_lines` (`brand_id`, `order_return_id`);
-- Create index "orderreturnline_brand_id_order_id" to table: "order_return_lines"
CREATE INDEX `orderreturnline_brand_id_order_id` ON `order_return_lines` (`brand_id`, `order_id`);
-- Create "outbox_items" table
CREATE TABLE `outbox_items` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `kind` text NOT NULL, `dedupe_key` text NOT NULL, `payload` json NOT NULL, `state` text NOT NULL, `attempts` integer NOT NULL DEFAULT (0), `next_attempt_at` integer NOT NULL, `error_code` text NOT NULL DEFAULT (''), `error_message` text NOT NULL DEFAULT (''), `created_at` integer NOT NULL, `channel_id` uuid NOT NULL, `order_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `outbox_items_channels_channel` FOREIGN KEY (`brand_id`, `channel_id`) REFERENCES `channels` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `outbox_items_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "outboxitem_brand_id_id" to table: "outbox_items"
CREATE UNIQUE INDEX `outboxitem_brand_id_id` ON `outbox_items` (`brand_id`, `id`);
-- Create index "outboxitem_brand_id_channel_id_dedupe_key" to table: "outbox_items"
CREATE UNIQUE INDEX `outboxitem_brand_id_channel_id_dedupe_key` ON `outbox_items` (`brand_id`, `channel_id`, `dedupe_key`);
-- Create index "outboxitem_brand_id_channel_id_state_next_attempt_at" to table: "outbox_items"
CREATE INDEX `outboxitem_brand_id_channel_id_state_next_attempt_at` ON `outbox_items` (`brand_id`, `channel_id`, `state`, `next_attempt_at`);
-- Create index "outboxitem_brand_id_order_id" to table: "outbox_items"
CREATE INDEX `outboxitem_brand_id_order_id` ON `outbox_items` (`brand_id`, `order_id`);
-- Create "payments" table
CREATE TABLE `payments` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `method` text NOT NULL, `state` text NOT NULL, `amount` integer NOT NULL, `reference` text NOT NULL DEFAULT (''), `recorded_at` integer NOT NULL, `order_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `payments_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "payment_brand_id_order_id" to table: "payments"
CREATE INDEX `payment_brand_id_order_id` ON `payments` (`brand_id`, `order_id`);
-- Create "pickup_codes" table
CREATE TABLE `pickup_codes` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `nonce` text NOT NULL, `used_at` integer NOT NULL DEFAULT (0), `used_by` text NOT NULL DEFAULT (''), `order_id` uuid NOT NULL, `location_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `pickup_codes_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `pickup_codes_locations_location` FOREIGN KEY (`brand_id`, `location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "pickupcode_brand_id_id" to table: "pickup_codes"
CREATE UNIQUE INDEX `pickupcode_brand_id_id` ON `pickup_codes` (`brand_id`, `id`);
-- Create index "pickupcode_brand_id_nonce" to table: "pickup_codes"
CREATE UNIQUE INDEX `pickupcode_brand_id_nonce` ON `pickup_codes` (`brand_id`, `nonce`);
-- Create index "pickupcode_brand_id_order_id" to table: "pickup_codes"
CREATE UNIQUE INDEX `pickupcode_brand_id_order_id` ON `pickup_codes` (`brand_id`, `order_id`);
-- Create "pickup_guards" table
CREATE TABLE `pickup_guards` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `wrong` integer NOT NULL DEFAULT (0), `locked_until` integer NOT NULL DEFAULT (0), `location_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `pickup_guards_locations_location` FOREIGN KEY (`brand_id`, `location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "pickupguard_brand_id_id" to table: "pickup_guards"
CREATE UNIQUE INDEX `pickupguard_brand_id_id` ON `pickup_guards` (`brand_id`, `id`);
-- Create index "pickupguard_brand_id_location_id" to table: "pickup_guards"
CREATE UNIQUE INDEX `pickupguard_brand_id_location_id` ON `pickup_guards` (`brand_id`, `location_id`);
-- Create "prices" table
CREATE TABLE `prices` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `amount` integer NOT NULL, `compare_at_amount` integer NULL, `currency` text NOT NULL, `valid_from` integer NOT NULL DEFAULT (0), `valid_until` integer NOT NULL DEFAULT (0), `variant_id` uuid NOT NULL, `channel_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `prices_variants_variant` FOREIGN KEY (`brand_id`, `variant_id`) REFERENCES `variants` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `prices_channels_channel` FOREIGN KEY (`brand_id`, `channel_id`) REFERENCES `channels` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "price_brand_id_id" to table: "prices"
CREATE UNIQUE INDEX `price_brand_id_id` ON `prices` (`brand_id`, `id`);
-- Create index "price_brand_id_variant_id_channel_id_valid_from" to table: "prices"
CREATE INDEX `price_brand_id_variant_id_channel_id_valid_from` ON `prices` (`brand_id`, `variant_id`, `channel_id`, `valid_from`);
-- Create "products" table
CREATE TABLE `products` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `handle` text NOT NULL, `title` text NOT NULL, `description` text NOT NULL DEFAULT (''), `status` text NOT NULL, `vendor` text NOT NULL DEFAULT (''), `tags` json NOT NULL, `options` json NOT NULL, `media` json NOT NULL, `min_price` integer NULL, `max_price` integer NULL, `in_stock` bool NOT NULL DEFAULT (false), `search` text NOT NULL DEFAULT (''), `category_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `products_categories_category` FOREIGN KEY (`brand_id`, `category_id`) REFERENCES `categories` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `products_brands` FOREIGN KEY (`brand_id`) REFERENCES `brands` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "product_brand_id_id" to table: "products"
CREATE UNIQUE INDEX `product_brand_id_id` ON `products` (`brand_id`, `id`);
-- Create index "product_brand_id_handle" to table: "products"
CREATE UNIQUE INDEX `product_brand_id_handle` ON `products` (`brand_id`, `handle`);
-- Create index "product_brand_id_title_id" to table: "products"
CREATE INDEX `product_brand_id_title_id` ON `products` (`brand_id`, `title`, `id`);
-- Create index "product_brand_id_created_at_id" to table: "products"
CREATE INDEX `product_brand_id_created_at_id` ON `products` (`brand_id`, `created_at`, `id`);
-- Create index "product_brand_id_updated_at_id" to table: "products"
CREATE INDEX `product_brand_id_updated_at_id` ON `products` (`brand_id`, `updated_at`, `id`);
-- Create index "product_brand_id_min_price_id" to table: "products"
CREATE INDEX `product_brand_id_min_price_id` ON `products` (`brand_id`, `min_price`, `id`);
-- Create index "product_brand_id_category_id_id" to table: "products"
CREATE INDEX `product_brand_id_category_id_id` ON `products` (`brand_id`, `category_id`, `id`);
-- Create "refunds" table
CREATE TABLE `refunds` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `amount` integer NOT NULL, `reason` text NOT NULL, `actor` text NOT NULL, `refunded_at` integer NOT NULL, `order_id` uuid NOT NULL, `order_return_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `refunds_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `refunds_order_returns_order_return` FOREIGN KEY (`brand_id`, `order_return_id`) REFERENCES `order_returns` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `refunds_amount` CHECK (amount > 0));
-- Create index "refund_brand_id_order_id" to table: "refunds"
CREATE INDEX `refund_brand_id_order_id` ON `refunds` (`brand_id`, `order_id`);
-- Create "reservations" table
CREATE TABLE `reservations` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `state` text NOT NULL, `expires_at` integer NOT NULL, `holder` text NOT NULL, `reference_system` text NOT NULL DEFAULT (''), `reference_value` text NOT NULL DEFAULT (''), `member_id` uuid NULL, `order_id` uuid NULL, PRIMARY KEY (`id`), CONSTRAINT `reservations_members_member` FOREIGN KEY (`brand_id`, `member_id`) REFERENCES `members` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `reservations_orders_order` FOREIGN KEY (`brand_id`, `order_id`) REFERENCES `orders` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `reservations_brands` FOREIGN KEY (`brand_id`) REFERENCES `brands` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "reservation_brand_id_id" to table: "reservations"
CREATE UNIQUE INDEX `reservation_brand_id_id` ON `reservations` (`brand_id`, `id`);
-- Create index "reservation_state_expires_at" to table: "reservations"
CREATE INDEX `reservation_state_expires_at` ON `reservations` (`state`, `expires_at`);
-- Create index "reservation_brand_id_holder_state" to table: "reservations"
CREATE INDEX `reservation_brand_id_holder_state` ON `reservations` (`brand_id`, `holder`, `state`);
-- Create index "reservation_brand_id_member_id_state" to table: "reservations"
CREATE INDEX `reservation_brand_id_member_id_state` ON `reservations` (`brand_id`, `member_id`, `state`);
-- Create "reservation_lines" table
CREATE TABLE `reservation_lines` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `quantity` integer NOT NULL, `reservation_id` uuid NOT NULL, `variant_id` uuid NOT NULL, `location_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `reservation_lines_reservations_reservation` FOREIGN KEY (`brand_id`, `reservation_id`) REFERENCES `reservations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `reservation_lines_variants_variant` FOREIGN KEY (`brand_id`, `variant_id`) REFERENCES `variants` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `reservation_lines_locations_location` FOREIGN KEY (`brand_id`, `location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `reservation_lines_quantity` CHECK (quantity > 0));
-- Create index "reservationline_brand_id_reservation_id_variant_id_location_id" to table: "reservation_lines"
CREATE UNIQUE INDEX `reservationline_brand_id_reservation_id_variant_id_location_id` ON `reservation_lines` (`brand_id`, `reservation_id`, `variant_id`, `location_id`);
-- Create "routing_policies" table
CREATE TABLE `routing_policies` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `policy` json NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `routing_policies_brands` FOREIGN KEY (`brand_id`) REFERENCES `brands` (`id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "routingpolicy_brand_id_id" to table: "routing_policies"
CREATE UNIQUE INDEX `routingpolicy_brand_id_id` ON `routing_policies` (`brand_id`, `id`);
-- Create index "routingpolicy_brand_id" to table: "routing_policies"
CREATE UNIQUE INDEX `routingpolicy_brand_id` ON `routing_policies` (`brand_id`);
-- Create "search_terms" table
CREATE TABLE `search_terms` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `term` text NOT NULL, `weight` integer NOT NULL, `product_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `search_terms_products_product` FOREIGN KEY (`brand_id`, `product_id`) REFERENCES `products` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "searchterm_brand_id_term_product_id" to table: "search_terms"
CREATE UNIQUE INDEX `searchterm_brand_id_term_product_id` ON `search_terms` (`brand_id`, `term`, `product_id`);
-- Create index "searchterm_brand_id_product_id" to table: "search_terms"
CREATE INDEX `searchterm_brand_id_product_id` ON `search_terms` (`brand_id`, `product_id`);
-- Create "signing_keys" table
CREATE TABLE `signing_keys` (`id` text NOT NULL, `public_key` blob NOT NULL, `created_at` integer NOT NULL, PRIMARY KEY (`id`));
-- Create "stock_levels" table
CREATE TABLE `stock_levels` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `on_hand` integer NOT NULL DEFAULT (0), `reserved` integer NOT NULL DEFAULT (0), `safety_stock` integer NOT NULL DEFAULT (0), `incoming` integer NOT NULL DEFAULT (0), `damaged` integer NOT NULL DEFAULT (0), `shortfall` integer NOT NULL DEFAULT (0), `counted_at` integer NOT NULL DEFAULT (0), `source` text NOT NULL DEFAULT (''), `stale` bool NOT NULL DEFAULT (false), `variant_id` uuid NOT NULL, `location_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `stock_levels_variants_variant` FOREIGN KEY (`brand_id`, `variant_id`) REFERENCES `variants` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `stock_levels_locations_location` FOREIGN KEY (`brand_id`, `location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `stock_levels_aside` CHECK (incoming >= 0 AND damaged >= 0), CONSTRAINT `stock_levels_on_hand` CHECK (on_hand >= 0 AND on_hand <= 1000000000), CONSTRAINT `stock_levels_reserved` CHECK (reserved >= 0 AND shortfall >= 0 AND reserved <= on_hand + shortfall), CONSTRAINT `stock_levels_safety` CHECK (safety_stock >= 0));
-- Create index "stocklevel_brand_id_id" to table: "stock_levels"
CREATE UNIQUE INDEX `stocklevel_brand_id_id` ON `stock_levels` (`brand_id`, `id`);
-- Create index "stocklevel_brand_id_variant_id_location_id" to table: "stock_levels"
CREATE UNIQUE INDEX `stocklevel_brand_id_variant_id_location_id` ON `stock_levels` (`brand_id`, `variant_id`, `location_id`);
-- Create index "stocklevel_brand_id_location_id_id" to table: "stock_levels"
CREATE INDEX `stocklevel_brand_id_location_id_id` ON `stock_levels` (`brand_id`, `location_id`, `id`);
-- Create index "stocklevel_brand_id_location_id_stale_counted_at" to table: "stock_levels"
CREATE INDEX `stocklevel_brand_id_location_id_stale_counted_at` ON `stock_levels` (`brand_id`, `location_id`, `stale`, `counted_at`);
-- Create "stock_movements" table
CREATE TABLE `stock_movements` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `kind` text NOT NULL, `on_hand_delta` integer NOT NULL DEFAULT (0), `reserved_delta` integer NOT NULL DEFAULT (0), `incoming_delta` integer NOT NULL DEFAULT (0), `damaged_delta` integer NOT NULL DEFAULT (0), `reason` text NOT NULL DEFAULT (''), `reference_system` text NOT NULL DEFAULT (''), `reference_value` text NOT NULL DEFAULT (''), `actor` text NOT NULL, `cause` text NOT NULL, `occurred_at` integer NOT NULL, `variant_id` uuid NOT NULL, `location_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `stock_movements_variants_variant` FOREIGN KEY (`brand_id`, `variant_id`) REFERENCES `variants` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `stock_movements_locations_location` FOREIGN KEY (`brand_id`, `location_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "stockmovement_brand_id_id" to table: "stock_movements"
CREATE UNIQUE INDEX `stockmovement_brand_id_id` ON `stock_movements` (`brand_id`, `id`);
-- Create index "stockmovement_brand_id_variant_id_location_id_id" to table: "stock_movements"
CREATE INDEX `stockmovement_brand_id_variant_id_location_id_id` ON `stock_movements` (`brand_id`, `variant_id`, `location_id`, `id`);
-- Create index "stockmovement_brand_id_location_id_id" to table: "stock_movements"
CREATE INDEX `stockmovement_brand_id_location_id_id` ON `stock_movements` (`brand_id`, `location_id`, `id`);
-- Create "stock_transfers" table
CREATE TABLE `stock_transfers` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `state` text NOT NULL, `reference_system` text NOT NULL DEFAULT (''), `reference_value` text NOT NULL DEFAULT (''), `from_id` uuid NOT NULL, `to_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `stock_transfers_locations_from` FOREIGN KEY (`brand_id`, `from_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `stock_transfers_locations_to` FOREIGN KEY (`brand_id`, `to_id`) REFERENCES `locations` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "stocktransfer_brand_id_id" to table: "stock_transfers"
CREATE UNIQUE INDEX `stocktransfer_brand_id_id` ON `stock_transfers` (`brand_id`, `id`);
-- Create index "stocktransfer_brand_id_to_id_state" to table: "stock_transfers"
CREATE INDEX `stocktransfer_brand_id_to_id_state` ON `stock_transfers` (`brand_id`, `to_id`, `state`);
-- Create index "stocktransfer_brand_id_from_id_state" to table: "stock_transfers"
CREATE INDEX `stocktransfer_brand_id_from_id_state` ON `stock_transfers` (`brand_id`, `from_id`, `state`);
-- Create "stock_transfer_lines" table
CREATE TABLE `stock_transfer_lines` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `quantity` integer NOT NULL, `received` integer NOT NULL DEFAULT (0), `stock_transfer_id` uuid NOT NULL, `variant_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `stock_transfer_lines_stock_transfers_stock_transfer` FOREIGN KEY (`brand_id`, `stock_transfer_id`) REFERENCES `stock_transfers` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `stock_transfer_lines_variants_variant` FOREIGN KEY (`brand_id`, `variant_id`) REFERENCES `variants` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION, CONSTRAINT `stock_transfer_lines_received` CHECK (quantity > 0 AND received >= 0 AND received <= quantity));
-- Create index "stocktransferline_brand_id_stock_transfer_id_variant_id" to table: "stock_transfer_lines"
CREATE UNIQUE INDEX `stocktransferline_brand_id_stock_transfer_id_variant_id` ON `stock_transfer_lines` (`brand_id`, `stock_transfer_id`, `variant_id`);
-- Create "variants" table
CREATE TABLE `variants` (`id` uuid NOT NULL, `brand_id` uuid NOT NULL, `version` integer NOT NULL DEFAULT (1), `created_at` integer NOT NULL, `updated_at` integer NOT NULL, `sku` text NOT NULL, `sku_folded` text NOT NULL, `barcode` text NULL, `title` text NOT NULL DEFAULT (''), `selected_options` json NOT NULL, `options_key` text NOT NULL, `weight_grams` integer NULL, `position` integer NOT NULL DEFAULT (0), `price_amount` integer NULL, `compare_at_amount` integer NULL, `product_id` uuid NOT NULL, PRIMARY KEY (`id`), CONSTRAINT `variants_products_product` FOREIGN KEY (`brand_id`, `product_id`) REFERENCES `products` (`brand_id`, `id`) ON UPDATE NO ACTION ON DELETE NO ACTION);
-- Create index "variant_brand_id_id" to table: "variants"
CREATE UNIQUE INDEX `variant_brand_id_id` ON `variants` (`brand_id`, `id`);
-- Create index "variant_brand_id_sku_folded" to table: "variants"
CREATE UNIQUE INDEX `variant_brand_id_sku_folded` ON `variants` (`brand_id`, `sku_folded`);
-- Create index "variant_brand_id_product_id_options_key" to table: "variants"
CREATE UNIQUE INDEX `variant_brand_id_product_id_options_key` ON `variants` (`brand_id`, `product_id`, `options_key`);
-- Create index "variant_brand_id_product_id_position" to table: "variants"
CREATE INDEX `variant_brand_id_product_id_position` ON `variants` (`brand_id`, `product_id`, `position`);
-- Create index "variant_brand_id_barcode" to table: "variants"
CREATE UNIQUE INDEX `variant_brand_id_barcode` ON `variants` (`brand_id`, `barcode`);
