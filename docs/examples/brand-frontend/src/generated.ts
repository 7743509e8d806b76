import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
export type MakeOptional<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]?: Maybe<T[SubKey]> };
export type MakeMaybe<T, K extends keyof T> = Omit<T, K> & { [SubKey in K]: Maybe<T[SubKey]> };
export type MakeEmpty<T extends { [key: string]: unknown }, K extends keyof T> = { [_ in K]?: never };
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** A moment as RFC 3339 with an offset, as in 2026-01-31T09:30:00+08:00. Answers are in UTC with microseconds. */
  DateTime: { input: string; output: string; }
  /** A decimal number as text, as in "129.00"; never a float. */
  Decimal: { input: string; output: string; }
  /** An ISO 4217 currency code, as in CNY. */
  CurrencyCode: { input: string; output: string; }
};

/** An amount of money. */
export type MoneyInput = {
  /** Decimal text, at most as many digits as the currency has. */
  amount: Scalars['Decimal']['input'];
  /** The currency of the amount. */
  currency: Scalars['CurrencyCode']['input'];
};

/** A name that another system gave. */
export type ExternalRefInput = {
  /** The other system, as in erp. */
  system: Scalars['String']['input'];
  /** The name it gave. */
  value: Scalars['String']['input'];
};

/** A place on the globe in degrees, WGS 84. */
export type PointInput = {
  /** From -90 to 90. */
  latitude: Scalars['Float']['input'];
  /** From -180 to 180. */
  longitude: Scalars['Float']['input'];
};

/** Where a parcel goes or a location stands. */
export type AddressInput = {
  /** Who receives. */
  recipient?: InputMaybe<Scalars['String']['input']>;
  /** How to reach them. */
  phone?: InputMaybe<Scalars['String']['input']>;
  /** Country, as its ISO 3166 code or name. */
  country?: InputMaybe<Scalars['String']['input']>;
  /** Province or state. */
  province?: InputMaybe<Scalars['String']['input']>;
  /** City. */
  city?: InputMaybe<Scalars['String']['input']>;
  /** District or county. */
  district?: InputMaybe<Scalars['String']['input']>;
  /** Street and number. */
  line1?: InputMaybe<Scalars['String']['input']>;
  /** More of the address. */
  line2?: InputMaybe<Scalars['String']['input']>;
  /** Postal code. */
  postcode?: InputMaybe<Scalars['String']['input']>;
};

/** Which way a list is ordered. */
export type OrderDirection =
  /** Smallest first. */
  | 'ASC'
  /** Largest first. */
  | 'DESC';

/** What went wrong, for programs. Values may be added, none changes meaning. */
export type UserErrorCode =
  /** What was named does not exist for the caller. */
  | 'NOT_FOUND'
  /** A value cannot be taken. */
  | 'INVALID_INPUT'
  /** Another write came in between, or two inputs contradict each other. */
  | 'CONFLICT'
  /** It is there already. */
  | 'ALREADY_EXISTS'
  /** Not enough can be sold. */
  | 'INSUFFICIENT_STOCK'
  /** The expected figure does not stand any more. */
  | 'STOCK_CONFLICT'
  /** The expected price does not stand any more. */
  | 'PRICE_CHANGED'
  /** That cannot be done in the present state. */
  | 'ILLEGAL_TRANSITION'
  /** The dispatch token is not valid any more. */
  | 'DISPATCH_REVOKED'
  /** It was used already. */
  | 'ALREADY_USED'
  /** Too many wrong tries; it is locked for a while. */
  | 'LOCKED'
  /** Its time is over. */
  | 'EXPIRED'
  /** The idempotency key was used with another input. */
  | 'IDEMPOTENCY_MISMATCH'
  /** More than is allowed. */
  | 'LIMIT_EXCEEDED'
  /** The marketplace said no. */
  | 'CHANNEL_ERROR';

/** Whether a product is shown. */
export type ProductStatus =
  /** Not ready. */
  | 'DRAFT'
  /** For sale. */
  | 'ACTIVE'
  /** Kept, but not for sale. */
  | 'ARCHIVED';

/** Where a price comes from. */
export type PriceSource =
  /** The variant's own price. */
  | 'BASE'
  /** A price of the channel. */
  | 'CHANNEL'
  /** A price list. */
  | 'LIST';

/** Names a product: exactly one of these. */
export type ProductRef =
  /** By its id. */
  { id: Scalars['ID']['input']; handle?: never; externalRef?: never; }
  |  /** By its handle. */
  { id?: never; handle: Scalars['String']['input']; externalRef?: never; }
  |  /** By what another system calls it. */
  { id?: never; handle?: never; externalRef: ExternalRefInput; };

/** Names a variant: exactly one of these. */
export type VariantRef =
  /** By its id. */
  { id: Scalars['ID']['input']; sku?: never; barcode?: never; externalRef?: never; }
  |  /** By its code. */
  { id?: never; sku: Scalars['String']['input']; barcode?: never; externalRef?: never; }
  |  /** By the code a scanner reads. */
  { id?: never; sku?: never; barcode: Scalars['String']['input']; externalRef?: never; }
  |  /** By what another system calls it. */
  { id?: never; sku?: never; barcode?: never; externalRef: ExternalRefInput; };

/** A filter on products: all of what is given must hold. */
export type ProductWhere = {
  /** Words in title, tags, vendor or codes, Chinese or Latin. */
  query?: InputMaybe<Scalars['String']['input']>;
  /** Of this status. */
  status?: InputMaybe<ProductStatus>;
  /** In this category or below: a path of names or its beginning. */
  category?: InputMaybe<Array<Scalars['String']['input']>>;
  /** With all of these tags. */
  tags?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Of this vendor. */
  vendor?: InputMaybe<Scalars['String']['input']>;
  /** One of these handles. */
  handles?: InputMaybe<Array<Scalars['String']['input']>>;
  /** With a variant of one of these SKUs. */
  skus?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Changed after this moment. */
  updatedAfter?: InputMaybe<Scalars['DateTime']['input']>;
  /** With a base price of at least this. */
  priceMin?: InputMaybe<MoneyInput>;
  /** With a base price of at most this. */
  priceMax?: InputMaybe<MoneyInput>;
  /** Whether the online pool can give any variant. Needs stock:read. */
  inStock?: InputMaybe<Scalars['Boolean']['input']>;
  /** All of these hold. */
  and?: InputMaybe<Array<ProductWhere>>;
  /** At least one of these holds. */
  or?: InputMaybe<Array<ProductWhere>>;
  /** This does not hold. */
  not?: InputMaybe<ProductWhere>;
};

/** What products are ordered by. */
export type ProductOrderField =
  /** Title, bytewise. */
  | 'TITLE'
  /** When it was made. */
  | 'CREATED_AT'
  /** When it was last changed. */
  | 'UPDATED_AT'
  /** The lowest base price; products without one come last in both directions. */
  | 'PRICE'
  /** Handle, bytewise. */
  | 'HANDLE';

/** One key of an order. */
export type ProductOrder = {
  /** What to order by. */
  field: ProductOrderField;
  /** Which way. */
  direction?: OrderDirection;
};

/** A product as it should be. Absent keeps, null clears. */
export type ProductUpsertInput = {
  /** Which one; by handle when absent. */
  by?: InputMaybe<ProductRef>;
  /** The brand's own name for it: letters, digits, hyphens. */
  handle?: InputMaybe<Scalars['String']['input']>;
  /** The title shoppers read. */
  title?: InputMaybe<Scalars['String']['input']>;
  /** The description shoppers read; markup is kept as text. */
  description?: InputMaybe<Scalars['String']['input']>;
  /** Whether it is shown; DRAFT when it is made without. */
  status?: InputMaybe<ProductStatus>;
  /** Who makes it. */
  vendor?: InputMaybe<Scalars['String']['input']>;
  /** Free words. */
  tags?: InputMaybe<Array<Scalars['String']['input']>>;
  /** The path of names in the brand's tree; made when missing. */
  category?: InputMaybe<Array<Scalars['String']['input']>>;
  /** The options there are, in order. */
  options?: InputMaybe<Array<ProductOptionInput>>;
  /** Pictures, the first one leading. */
  media?: InputMaybe<Array<MediaInput>>;
  /** What other systems call it; merged. */
  externalRefs?: InputMaybe<Array<ExternalRefInput>>;
  /** Variants; merged. */
  variants?: InputMaybe<Array<VariantInput>>;
};

/** An option with all its values. */
export type ProductOptionInput = {
  /** As in Colour. */
  name: Scalars['String']['input'];
  /** In order. */
  values: Array<Scalars['String']['input']>;
};

/** A picture. */
export type MediaInput = {
  /** Where it is: http or https. */
  url: Scalars['String']['input'];
  /** What it shows. */
  alt?: InputMaybe<Scalars['String']['input']>;
};

/** A variant as it should be; found by by, else by sku, else by selectedOptions. */
export type VariantInput = {
  /** Which one. */
  by?: InputMaybe<VariantRef>;
  /** The variant's code, unique in the brand. */
  sku?: InputMaybe<Scalars['String']['input']>;
  /** The code a scanner reads. */
  barcode?: InputMaybe<Scalars['String']['input']>;
  /** A title of its own. */
  title?: InputMaybe<Scalars['String']['input']>;
  /** The value chosen for each option. */
  selectedOptions?: InputMaybe<Array<SelectedOptionInput>>;
  /** What a parcel with one weighs. */
  weightGrams?: InputMaybe<Scalars['Int']['input']>;
  /** The base price. Needs prices:write. */
  price?: InputMaybe<MoneyInput>;
  /** The price it is compared with. Needs prices:write. */
  compareAt?: InputMaybe<MoneyInput>;
  /** What other systems call it; merged. */
  externalRefs?: InputMaybe<Array<ExternalRefInput>>;
};

/** A value chosen for an option. */
export type SelectedOptionInput = {
  /** As in Colour. */
  name: Scalars['String']['input'];
  /** As in Navy. */
  value: Scalars['String']['input'];
};

/** A price as it should be. */
export type PriceSetInput = {
  /** Of which variant. */
  variant: VariantRef;
  /** On which channel; the base price when absent. */
  channel?: InputMaybe<ChannelRef>;
  /** What a unit costs, tax included. */
  amount: MoneyInput;
  /** The price it is compared with. */
  compareAt?: InputMaybe<MoneyInput>;
  /** From when on. */
  validFrom?: InputMaybe<Scalars['DateTime']['input']>;
  /** Until when. */
  validUntil?: InputMaybe<Scalars['DateTime']['input']>;
};

/** Where a channel stands. */
export type ChannelState =
  /** It works. */
  | 'ACTIVE'
  /** It rests. */
  | 'PAUSED'
  /** It needs a person: see health. */
  | 'ERROR';

/** Where a listing stands. */
export type ListingState =
  /** Not meant to be shown yet. */
  | 'DRAFT'
  /** The marketplace is to be told. */
  | 'PENDING'
  /** On sale. */
  | 'LIVE'
  /** The marketplace, or a check of ours, said no: see platformError. */
  | 'REJECTED'
  /** Rests with its channel. */
  | 'PAUSED'
  /** Taken off. */
  | 'UNPUBLISHED';

/** Names a channel: exactly one of these. */
export type ChannelRef =
  /** By its id. */
  { id: Scalars['ID']['input']; code?: never; }
  |  /** By its code. */
  { id?: never; code: Scalars['String']['input']; };

/** A filter on listings: all of what is given must hold. */
export type ListingWhere = {
  /** On this channel. */
  channel?: InputMaybe<ChannelRef>;
  /** Of this variant. */
  variant?: InputMaybe<VariantRef>;
  /** In this state. */
  state?: InputMaybe<ListingState>;
};

/** A channel to be opened or changed. */
export type ChannelConnectInput = {
  /** As channelKinds tells. */
  kind: Scalars['String']['input'];
  /** The brand's own code for it. */
  code: Scalars['String']['input'];
  /** Its name. */
  name: Scalars['String']['input'];
  /** What the kind needs, as channelKinds tells. */
  settings: Array<SettingInput>;
};

/** A named value. */
export type SettingInput = {
  /** As in appKey. */
  name: Scalars['String']['input'];
  /** Its value. */
  value: Scalars['String']['input'];
};

/** Variants to be put on a channel. */
export type ListingPublishInput = {
  /** Where. */
  channel: ChannelRef;
  /** Which, at most 250. */
  variants: Array<VariantRef>;
};

/** Variants to be taken off a channel. */
export type ListingUnpublishInput = {
  /** Where. */
  channel: ChannelRef;
  /** Which, at most 250. */
  variants: Array<VariantRef>;
};

/** What to sync. */
export type ChannelSyncWhat =
  /** Read changed orders; held ones are tried again. */
  | 'ORDERS'
  /** Push every quantity again. */
  | 'STOCK'
  /** Read what the shop shows and map it by outer code. */
  | 'LISTINGS';

/** What to sync now. */
export type ChannelSyncInput = {
  /** Where. */
  channel: ChannelRef;
  /** What. */
  what: Array<ChannelSyncWhat>;
};

/** What can happen. Values may be added, none changes meaning. */
export type EventType =
  /** A stock level changed. */
  | 'STOCK_CHANGED'
  /** An order changed. */
  | 'ORDER_CHANGED'
  /** A listing changed. */
  | 'LISTING_CHANGED'
  /** A product or one of its variants or prices changed. */
  | 'PRODUCT_CHANGED'
  /** A member changed. */
  | 'MEMBER_CHANGED';

/** Where long work stands. */
export type JobState =
  /** Waits. */
  | 'QUEUED'
  /** Is being done. */
  | 'RUNNING'
  /** Done. */
  | 'DONE'
  /** Could not be done: see error. */
  | 'FAILED'
  /** Given up. */
  | 'CANCELED';

/** Names a member: exactly one of these. phone answers nothing without members:pii. */
export type MemberRef =
  /** By id. */
  { id: Scalars['ID']['input']; phone?: never; externalRef?: never; identity?: never; }
  |  /** By phone. */
  { id?: never; phone: Scalars['String']['input']; externalRef?: never; identity?: never; }
  |  /** By what another system calls it. */
  { id?: never; phone?: never; externalRef: ExternalRefInput; identity?: never; }
  |  /** By how another system knows the member. */
  { id?: never; phone?: never; externalRef?: never; identity: IdentityInput; };

/** How another system knows a member. */
export type IdentityInput = {
  /** The other system, as in taobao. */
  system: Scalars['String']['input'];
  /** The pseudonym there. */
  value: Scalars['String']['input'];
};

/** A filter on members: all of what is given must hold. */
export type MemberWhere = {
  /** A part of name, phone or email. Answers nothing without members:pii. */
  query?: InputMaybe<Scalars['String']['input']>;
  /** With all of these tags. */
  tags?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Made after this moment. */
  createdAfter?: InputMaybe<Scalars['DateTime']['input']>;
};

/** A member as it should be. Absent keeps, null clears. */
export type MemberUpsertInput = {
  /** Which one; a new one when absent. */
  by?: InputMaybe<MemberRef>;
  /** Name. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** Phone: digits, perhaps with a leading plus, spaces and hyphens. */
  phone?: InputMaybe<Scalars['String']['input']>;
  /** Email. */
  email?: InputMaybe<Scalars['String']['input']>;
  /** Birthday, as in 1990-05-17. */
  birthday?: InputMaybe<Scalars['String']['input']>;
  /** Free words. */
  tags?: InputMaybe<Array<Scalars['String']['input']>>;
  /** What other systems call it; merged. */
  externalRefs?: InputMaybe<Array<ExternalRefInput>>;
  /** How other systems know the member; merged. */
  identities?: InputMaybe<Array<IdentityInput>>;
};

/** Where an order stands. */
export type OrderState =
  /** To be worked on. */
  | 'OPEN'
  /** Kept back; holdReason says why. */
  | 'HELD'
  /** To be canceled, but goods have left already. */
  | 'CANCEL_REQUESTED'
  /** Canceled. */
  | 'CANCELED'
  /** Everything has left and is paid. */
  | 'COMPLETED';

/** Whether an order is paid. */
export type PaymentState =
  /** Nothing is paid. */
  | 'PENDING'
  /** A part is paid. */
  | 'PARTIALLY_PAID'
  /** All is paid. */
  | 'PAID'
  /** A part was given back. */
  | 'PARTIALLY_REFUNDED'
  /** All was given back. */
  | 'REFUNDED';

/** Whether an order has left. */
export type FulfillmentState =
  /** Nothing has left. */
  | 'UNFULFILLED'
  /** A part has left. */
  | 'PARTIALLY_FULFILLED'
  /** All has left. */
  | 'FULFILLED';

/** Where the work of a location stands. */
export type FulfillmentOrderState =
  /** Waits for the location. */
  | 'OPEN'
  /** The location has taken it on. */
  | 'ACCEPTED'
  /** Kept back. */
  | 'ON_HOLD'
  /** The location said no. */
  | 'REJECTED'
  /** Done. */
  | 'CLOSED'
  /** Canceled. */
  | 'CANCELED';

/** Who pays for a discount. */
export type DiscountPayer =
  /** The brand. */
  | 'BRAND'
  /** The marketplace. */
  | 'PLATFORM'
  /** The mall. */
  | 'MALL'
  /** The store. */
  | 'STORE'
  /** The member, with points. */
  | 'POINTS';

/** Where a pick-up code stands. */
export type PickupCodeState =
  /** Can be used. */
  | 'ISSUED'
  /** Was used. */
  | 'USED'
  /** Its time is over. */
  | 'EXPIRED'
  /** Locked after wrong tries. */
  | 'LOCKED';

/** Where money stands. */
export type PaymentEntryState =
  /** Received. */
  | 'PAID'
  /** Given back. */
  | 'REFUNDED'
  /** Did not come. */
  | 'FAILED';

/** Where a return stands. */
export type ReturnState =
  /** Announced. */
  | 'REQUESTED'
  /** Arrived. */
  | 'RECEIVED'
  /** Refused. */
  | 'REJECTED';

/** What becomes of goods that came back. */
export type ReturnDisposition =
  /** Sold again. */
  | 'RESTOCK'
  /** Not sold again. */
  | 'DAMAGED';

/** Names an order: exactly one of these. */
export type OrderRef =
  /** By its id. */
  { id: Scalars['ID']['input']; number?: never; externalRef?: never; }
  |  /** By its number. */
  { id?: never; number: Scalars['String']['input']; externalRef?: never; }
  |  /** By what its channel calls it. */
  { id?: never; number?: never; externalRef: ExternalRefInput; };

/** A filter on orders: all of what is given must hold. */
export type OrderWhere = {
  /** Of this channel. */
  channel?: InputMaybe<ChannelRef>;
  /** Of this member. Needs members:read. */
  member?: InputMaybe<MemberRef>;
  /** In one of these states; in any when absent, in none when empty. */
  states?: InputMaybe<Array<OrderState>>;
  /** In one of these payment states; in any when absent, in none when empty. */
  paymentStates?: InputMaybe<Array<PaymentState>>;
  /** In one of these fulfillment states; in any when absent, in none when empty. */
  fulfillmentStates?: InputMaybe<Array<FulfillmentState>>;
  /** With work at this location. */
  location?: InputMaybe<LocationRef>;
  /** Placed at or after this moment. */
  placedAfter?: InputMaybe<Scalars['DateTime']['input']>;
  /** Placed before this moment. */
  placedBefore?: InputMaybe<Scalars['DateTime']['input']>;
  /** The beginning of a number, or a whole external reference or SKU. */
  query?: InputMaybe<Scalars['String']['input']>;
};

/** What orders are ordered by. */
export type OrderOrderField =
  /** When it was placed. */
  | 'PLACED_AT'
  /** When it last changed. */
  | 'UPDATED_AT'
  /** Number, bytewise. */
  | 'NUMBER';

/** One key of an order of orders. */
export type OrderOrder = {
  /** What to order by. */
  field: OrderOrderField;
  /** Which way. */
  direction?: OrderDirection;
};

/** A filter on work: all of what is given must hold. */
export type FulfillmentOrderWhere = {
  /** Of this location. */
  location?: InputMaybe<LocationRef>;
  /** In one of these states; in any when absent, in none when empty. */
  states?: InputMaybe<Array<FulfillmentOrderState>>;
};

/** An order to be placed. */
export type OrderPlaceInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Where it is sold. */
  channel: ChannelRef;
  /** What the channel calls it, unique there. */
  externalRef?: InputMaybe<ExternalRefInput>;
  /** Who buys. */
  member?: InputMaybe<MemberRef>;
  /** What is bought: 1 to 250 lines. */
  lines: Array<OrderLineInput>;
  /** How it gets to the buyer. */
  delivery: DeliveryInput;
  /** What shipping costs; nothing when absent. */
  shipping?: InputMaybe<MoneyInput>;
  /** What the caller believes the total is: another one answers PriceChanged. */
  expectedTotal?: InputMaybe<MoneyInput>;
  /** Money received already. */
  payments?: InputMaybe<Array<PaymentInput>>;
  /** A reservation that this order takes: it gives its stock first, and ends. */
  reservation?: InputMaybe<Scalars['ID']['input']>;
  /** The guide who earned the sale, by the brand's own code. */
  guide?: InputMaybe<Scalars['String']['input']>;
  /** The store that earned the sale. */
  store?: InputMaybe<LocationRef>;
  /** A note. */
  note?: InputMaybe<Scalars['String']['input']>;
  /** When it was placed; now when absent, never in the future. */
  placedAt?: InputMaybe<Scalars['DateTime']['input']>;
};

/** A line to be bought. */
export type OrderLineInput = {
  /** Which variant. */
  variant: VariantRef;
  /** How many, at least 1. */
  quantity: Scalars['Int']['input'];
  /** What the caller believes a unit costs; with prices:write, what it costs. */
  unitPrice?: InputMaybe<MoneyInput>;
  /** What is taken off the whole line, by who pays for it. Needs prices:write. */
  discountShares?: InputMaybe<Array<DiscountShareInput>>;
};

/** What is taken off a line, by who pays for it. */
export type DiscountShareInput = {
  /** Who. */
  payer: DiscountPayer;
  /** How much. */
  amount: MoneyInput;
};

/** How an order gets to the buyer: exactly one of these. */
export type DeliveryInput =
  /** By parcel. */
  { ship: ShipInput; pickup?: never; }
  |  /** The buyer comes. */
  { ship?: never; pickup: PickupInput; };

/** The buyer comes. */
export type PickupInput = {
  /** To where. */
  location: LocationRef;
};

/** By parcel. */
export type ShipInput = {
  /** To where. */
  address: AddressInput;
  /** Where that is, for choosing a near location. */
  near?: InputMaybe<PointInput>;
};

/** Money received. */
export type PaymentInput = {
  /** How it came, as in WECHAT. */
  method: Scalars['String']['input'];
  /** How much. */
  amount: MoneyInput;
  /** What the payment system calls it. */
  reference?: InputMaybe<Scalars['String']['input']>;
};

/** Money received for an order. */
export type OrderPaymentRecordInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** For which order. */
  order: OrderRef;
  /** How it came, as in WECHAT. */
  method: Scalars['String']['input'];
  /** How much, never above what is due. */
  amount: MoneyInput;
  /** What the payment system calls it. */
  reference: Scalars['String']['input'];
};

/** An order to be canceled. */
export type OrderCancelInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which order. */
  order: OrderRef;
  /** Why. */
  reason: Scalars['String']['input'];
  /** What of it; all when absent. A part can be canceled as long as it has not left. */
  lines?: InputMaybe<Array<LineQuantityInput>>;
};

/** Work to be taken on. */
export type FulfillmentAcceptInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which work. */
  fulfillmentOrder: Scalars['ID']['input'];
};

/** A parcel that leaves. */
export type FulfillmentShipInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Of which work. */
  fulfillmentOrder: Scalars['ID']['input'];
  /** The token that accepting gave. */
  dispatchToken: Scalars['String']['input'];
  /** Who carries it, as in SF. */
  carrier: Scalars['String']['input'];
  /** How it can be followed. */
  trackingNumber: Scalars['String']['input'];
  /** What is in it; all that is left when absent. */
  lines?: InputMaybe<Array<LineQuantityInput>>;
};

/** So many of an order line: exactly one of line and sku. */
export type LineQuantityInput = {
  /** The order line's id. */
  line?: InputMaybe<Scalars['ID']['input']>;
  /** The variant's code; lines are taken in order. */
  sku?: InputMaybe<Scalars['String']['input']>;
  /** How many, at least 1. */
  quantity: Scalars['Int']['input'];
};

/** Work to be refused. */
export type FulfillmentRejectInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which work. */
  fulfillmentOrder: Scalars['ID']['input'];
  /** Why. */
  reason: Scalars['String']['input'];
  /** The goods are not there although they should be: what is refused is counted off what is on hand. */
  missing?: InputMaybe<Scalars['Boolean']['input']>;
};

/** Work to be kept back. */
export type FulfillmentHoldInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which work. */
  fulfillmentOrder: Scalars['ID']['input'];
  /** Why. */
  reason: Scalars['String']['input'];
};

/** Work to go on. */
export type FulfillmentReleaseInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which work. */
  fulfillmentOrder: Scalars['ID']['input'];
  /** Why. */
  reason?: InputMaybe<Scalars['String']['input']>;
};

/** A code shown at a counter. */
export type PickupVerifyInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** The code; spaces, hyphens and case do not matter. */
  code: Scalars['String']['input'];
  /** Which counter. */
  location: LocationRef;
};

/** Goods that are to come back. */
export type ReturnRequestInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Of which order. */
  order: OrderRef;
  /** What: never more than has left and not come back. */
  lines: Array<ReturnLineInput>;
};

/** So many of an order line: exactly one of line and sku. */
export type ReturnLineInput = {
  /** The order line's id. */
  line?: InputMaybe<Scalars['ID']['input']>;
  /** The variant's code; lines are taken in order. */
  sku?: InputMaybe<Scalars['String']['input']>;
  /** How many, at least 1. */
  quantity: Scalars['Int']['input'];
  /** Why. */
  reason: Scalars['String']['input'];
};

/** Goods that came back. */
export type ReturnReceiveInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which return. */
  return: Scalars['ID']['input'];
  /** Where they are. */
  location: LocationRef;
  /** What arrived: never more than was announced. */
  lines: Array<ReturnReceiveLineInput>;
};

/** So many of an order line: exactly one of line and sku. */
export type ReturnReceiveLineInput = {
  /** The order line's id. */
  line?: InputMaybe<Scalars['ID']['input']>;
  /** The variant's code; lines are taken in order. */
  sku?: InputMaybe<Scalars['String']['input']>;
  /** How many, at least 1. */
  quantity: Scalars['Int']['input'];
  /** What becomes of them. */
  disposition: ReturnDisposition;
};

/** A return to be refused. */
export type ReturnRejectInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which return. */
  return: Scalars['ID']['input'];
  /** Why. */
  reason: Scalars['String']['input'];
};

/** Money to be given back. */
export type RefundCreateInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Of which order. */
  order: OrderRef;
  /** How much, never above what was paid and not given back. */
  amount: MoneyInput;
  /** Why. */
  reason: Scalars['String']['input'];
  /** For which return. */
  return?: InputMaybe<Scalars['ID']['input']>;
};

/** What sort of place it is. */
export type LocationKind =
  /** A warehouse. */
  | 'WAREHOUSE'
  /** A store. */
  | 'STORE'
  /** A counter in somebody else's store. */
  | 'COUNTER'
  /** No place to go to. */
  | 'VIRTUAL';

/** Whose place it is. */
export type LocationOwnership =
  /** The brand's. */
  | 'OWN'
  /** Shared with a partner; its stock joins the online pool only when lent. */
  | 'JOINT_VENTURE'
  /** A franchisee's; its stock joins the online pool only when lent. */
  | 'FRANCHISE';

/** What moved stock. */
export type StockMovementKind =
  /** Goods arrived. */
  | 'RECEIVE'
  /** A correction. */
  | 'ADJUST'
  /** A count. */
  | 'SET'
  /** A promise to a buyer. */
  | 'RESERVE'
  /** A promise taken back. */
  | 'RELEASE'
  /** Goods left for a buyer. */
  | 'SHIP'
  /** Goods came back. */
  | 'RETURN'
  /** Goods moved between locations. */
  | 'TRANSFER';

/** A way to get a variant. */
export type AvailabilityWay =
  /** It is on the shelf: come and take it. */
  | 'TAKE_NOW'
  /** Order it and pick it up. */
  | 'PICK_UP'
  /** It is shipped by a store. */
  | 'SHIP_FROM_STORE'
  /** It is shipped by a warehouse. */
  | 'SHIP_FROM_WAREHOUSE';

/** Names a location: exactly one of these. */
export type LocationRef =
  /** By its id. */
  { id: Scalars['ID']['input']; code?: never; externalRef?: never; }
  |  /** By its code. */
  { id?: never; code: Scalars['String']['input']; externalRef?: never; }
  |  /** By what another system calls it. */
  { id?: never; code?: never; externalRef: ExternalRefInput; };

/** A filter on locations: all of what is given must hold. */
export type LocationWhere = {
  /** Of this kind. */
  kind?: InputMaybe<LocationKind>;
  /** Of this ownership. */
  ownership?: InputMaybe<LocationOwnership>;
  /** Active or not. */
  active?: InputMaybe<Scalars['Boolean']['input']>;
  /** With pick-up or without. */
  pickup?: InputMaybe<Scalars['Boolean']['input']>;
  /** Around this point; needs radiusKm. */
  near?: InputMaybe<PointInput>;
  /** Within so many kilometres. */
  radiusKm?: InputMaybe<Scalars['Float']['input']>;
};

/** A filter on stock levels: all of what is given must hold. */
export type StockLevelWhere = {
  /** Of this variant. */
  variant?: InputMaybe<VariantRef>;
  /** At this location. */
  location?: InputMaybe<LocationRef>;
};

/** A filter on the ledger: all of what is given must hold. */
export type StockMovementWhere = {
  /** Of this variant. */
  variant?: InputMaybe<VariantRef>;
  /** At this location. */
  location?: InputMaybe<LocationRef>;
  /** Of this kind. */
  kind?: InputMaybe<StockMovementKind>;
  /** At or after this moment. */
  since?: InputMaybe<Scalars['DateTime']['input']>;
  /** Before this moment. */
  until?: InputMaybe<Scalars['DateTime']['input']>;
};

/** A location as it should be. Absent keeps, null clears. */
export type LocationUpsertInput = {
  /** Which one; by code when absent. */
  by?: InputMaybe<LocationRef>;
  /** The brand's own code for it. */
  code?: InputMaybe<Scalars['String']['input']>;
  /** Its name. */
  name?: InputMaybe<Scalars['String']['input']>;
  /** What sort of place it is; WAREHOUSE when it is made without. */
  kind?: InputMaybe<LocationKind>;
  /** Whose place it is; OWN when it is made without. */
  ownership?: InputMaybe<LocationOwnership>;
  /** Whether it works at present. */
  active?: InputMaybe<Scalars['Boolean']['input']>;
  /** Whether shoppers may pick up there. */
  pickup?: InputMaybe<Scalars['Boolean']['input']>;
  /** Whether it ships parcels. */
  shipFrom?: InputMaybe<Scalars['Boolean']['input']>;
  /** Whether a joint venture or franchise lends its stock to the online pool; not when it is made without. */
  lent?: InputMaybe<Scalars['Boolean']['input']>;
  /** After how many seconds a count is not trusted any more; null for never. */
  staleAfterSeconds?: InputMaybe<Scalars['Int']['input']>;
  /** How many percent of what is available can then be sold online, 0 to 100; 100 when it is made without. */
  stalePercent?: InputMaybe<Scalars['Int']['input']>;
  /** A lower number goes first; 100 when it is made without. */
  priority?: InputMaybe<Scalars['Int']['input']>;
  /** Where it stands. */
  point?: InputMaybe<PointInput>;
  /** Where it stands, for people. */
  address?: InputMaybe<AddressInput>;
  /** What other systems call it; merged. */
  externalRefs?: InputMaybe<Array<ExternalRefInput>>;
};

/** A correction of what is on hand, and of what lies damaged beside it. */
export type StockAdjustInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which variant. */
  variant: VariantRef;
  /** Where. */
  location: LocationRef;
  /** By how much on hand changes; 0 only with damagedDelta. */
  delta: Scalars['Int']['input'];
  /** By how much what lies damaged there changes, which is not on hand: below 0 to scrap it, with delta above 0 to put on the shelf again what is repaired, and the other way round for what was found broken. It never falls below 0: InsufficientStock tells how many there are. */
  damagedDelta?: InputMaybe<Scalars['Int']['input']>;
  /** Why. */
  reason: Scalars['String']['input'];
  /** What it is for in another system. */
  reference?: InputMaybe<ExternalRefInput>;
};

/** A count of what is on hand. */
export type StockSetInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which variant. */
  variant: VariantRef;
  /** Where. */
  location: LocationRef;
  /** How many are there. */
  onHand: Scalars['Int']['input'];
  /** What the caller believes is there: another figure answers StockConflict. */
  expectedOnHand?: InputMaybe<Scalars['Int']['input']>;
  /** How many are to be kept back from now on. */
  safetyStock?: InputMaybe<Scalars['Int']['input']>;
  /** Why. */
  reason: Scalars['String']['input'];
  /** What it is for in another system. */
  reference?: InputMaybe<ExternalRefInput>;
};

/** Counts of a system of record. */
export type StockSyncInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which system counted. */
  source: Scalars['String']['input'];
  /** The counts, at most 10,000. */
  rows: Array<StockSyncRow>;
};

/** One count. */
export type StockSyncRow = {
  /** Which variant. */
  variant: VariantRef;
  /** Where. */
  location: LocationRef;
  /** How many are there. */
  onHand: Scalars['Int']['input'];
  /** When they were counted: a count that is not newer than what is known is skipped. */
  asOf: Scalars['DateTime']['input'];
};

/** What became of a count. */
export type StockSyncOutcome =
  /** It stands. */
  | 'APPLIED'
  /** A newer one was known. */
  | 'STALE_SKIPPED'
  /** It cannot be taken: see userErrors. */
  | 'FAILED';

/** Where a reservation stands. */
export type ReservationState =
  /** It keeps stock. */
  | 'ACTIVE'
  /** An order took it. */
  | 'CONSUMED'
  /** It was given back. */
  | 'RELEASED'
  /** Its time was over. */
  | 'EXPIRED';

/** Stock to be kept. */
export type StockReserveInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** What is to be kept. */
  lines: Array<StockReserveLineInput>;
  /** For how many seconds, 1 to 86,400. */
  ttlSeconds: Scalars['Int']['input'];
  /** For whom; a member's reservations are capped together, whoever asks. */
  member?: InputMaybe<MemberRef>;
  /** What it is for in another system. */
  reference?: InputMaybe<ExternalRefInput>;
};

/** So many of a variant to be kept. */
export type StockReserveLineInput = {
  /** Which variant. */
  variant: VariantRef;
  /** How many, at least 1. */
  quantity: Scalars['Int']['input'];
  /** Where; chosen as for an order when absent. */
  location?: InputMaybe<LocationRef>;
};

/** A reservation to be given back. */
export type StockReleaseInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which one. */
  reservation: Scalars['ID']['input'];
};

/** Where a transfer stands. */
export type TransferState =
  /** On its way. */
  | 'IN_TRANSIT'
  /** All of it has arrived. */
  | 'RECEIVED'
  /** What had not arrived was called back. */
  | 'CANCELED';

/** A filter on transfers: all of what is given must hold. */
export type StockTransferWhere = {
  /** From this location. */
  from?: InputMaybe<LocationRef>;
  /** To this location. */
  to?: InputMaybe<LocationRef>;
  /** That stand so. */
  state?: InputMaybe<TransferState>;
  /** That have this variant in them. */
  variant?: InputMaybe<VariantRef>;
};

/** So many of a variant in a transfer. */
export type StockTransferLineInput = {
  /** Which variant. */
  variant: VariantRef;
  /** How many, at least 1. */
  quantity: Scalars['Int']['input'];
};

/** Goods to be sent to another location. */
export type StockTransferCreateInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** From where. */
  from: LocationRef;
  /** To where. */
  to: LocationRef;
  /** What is sent: 1 to 250 lines. */
  lines: Array<StockTransferLineInput>;
  /** What it is for in another system. */
  reference?: InputMaybe<ExternalRefInput>;
};

/** Goods that arrived. */
export type StockTransferReceiveInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which transfer. */
  transfer: Scalars['ID']['input'];
  /** What arrived; all that is missing when absent. */
  lines?: InputMaybe<Array<StockTransferLineInput>>;
};

/** A transfer to be called back. */
export type StockTransferCancelInput = {
  /** 1 to 128 printable characters; the same call may be sent again with it. */
  idempotencyKey: Scalars['String']['input'];
  /** Which transfer. */
  transfer: Scalars['ID']['input'];
  /** Why. */
  reason: Scalars['String']['input'];
};

/** Something that makes one way to send an order better than another. */
export type RoutingCriterion =
  /** One location that can give everything beats a split. */
  | 'FEWEST_PARCELS'
  /** The location with the lower priority number. */
  | 'PRIORITY'
  /** The location nearer to the buyer: by coordinates where both are known, else by district, city and province. */
  | 'DISTANCE'
  /** The location that has the most of what is asked. */
  | 'MOST_STOCK';

/** How locations are to be chosen. Absent keeps, null clears. */
export type RoutingPolicySetInput = {
  /** What is judged, one after the other; FEWEST_PARCELS, PRIORITY when cleared. */
  criteria?: InputMaybe<Array<RoutingCriterion>>;
  /** The locations that take part. */
  locations?: InputMaybe<Array<LocationRef>>;
  /** The provinces of buyers for whom this is in force. */
  regions?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Into how many parcels an order may be split, at least 1. */
  maxParcels?: InputMaybe<Scalars['Int']['input']>;
  /** How many seconds a location has to accept, 60 to 604,800. */
  acceptWithinSeconds?: InputMaybe<Scalars['Int']['input']>;
};

/** An order that is not placed. */
export type RoutingSimulateInput = {
  /** What would be bought: 1 to 250 lines. */
  lines: Array<RoutingLineInput>;
  /** Where it would go. */
  address?: InputMaybe<AddressInput>;
  /** Where the buyer is. */
  near?: InputMaybe<PointInput>;
};

/** So many of a variant. */
export type RoutingLineInput = {
  /** Which variant. */
  variant: VariantRef;
  /** How many, at least 1. */
  quantity: Scalars['Int']['input'];
};

export type ProductsQueryVariables = Exact<{
  first: Scalars['Int']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type ProductsQuery = { __typename?: 'Query', products?: { __typename?: 'ProductConnection', pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null }, edges: Array<{ __typename?: 'ProductEdge', node: { __typename?: 'Product', title: string, variants: Array<{ __typename?: 'Variant', sku: string, available?: number | null, price?: { __typename?: 'Price', amount: { __typename?: 'Money', amount: string, currency: string } } | null }> } }> } | null };

export type StockChangesSubscriptionVariables = Exact<{
  after?: InputMaybe<Scalars['String']['input']>;
}>;


export type StockChangesSubscription = { __typename?: 'Subscription', stockChanged: { __typename?: 'StockChanged', cursor: string, onHand?: number | null, reserved?: number | null, available?: number | null, variant: { __typename?: 'Variant', sku: string }, location: { __typename?: 'Location', code: string } } };

export type StockFeedQueryVariables = Exact<{
  after: Scalars['String']['input'];
  first: Scalars['Int']['input'];
}>;


export type StockFeedQuery = { __typename?: 'Query', events?: { __typename?: 'EventConnection', pageInfo: { __typename?: 'PageInfo', hasNextPage: boolean, endCursor?: string | null }, edges: Array<{ __typename?: 'EventEdge', cursor: string }> } | null };

export type AdjustStockMutationVariables = Exact<{
  input: StockAdjustInput;
}>;


export type AdjustStockMutation = { __typename?: 'Mutation', stockAdjust?: { __typename?: 'StockAdjustPayload', level?: { __typename?: 'StockLevel', onHand: number } | null, userErrors: Array<{ __typename?: 'InputError', code: UserErrorCode, message: string } | { __typename?: 'InsufficientStock', code: UserErrorCode, message: string } | { __typename?: 'StockConflict', code: UserErrorCode, message: string } | { __typename?: 'PriceChanged', code: UserErrorCode, message: string } | { __typename?: 'IllegalTransition', code: UserErrorCode, message: string } | { __typename?: 'PickupCodeUsed', code: UserErrorCode, message: string }> } | null };


export const ProductsDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"Products"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"products"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"where"},"value":{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"status"},"value":{"kind":"EnumValue","value":"ACTIVE"}}]}},{"kind":"Argument","name":{"kind":"Name","value":"orderBy"},"value":{"kind":"ListValue","values":[{"kind":"ObjectValue","fields":[{"kind":"ObjectField","name":{"kind":"Name","value":"field"},"value":{"kind":"EnumValue","value":"TITLE"}}]}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"node"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"title"}},{"kind":"Field","name":{"kind":"Name","value":"variants"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sku"}},{"kind":"Field","name":{"kind":"Name","value":"price"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"amount"}},{"kind":"Field","name":{"kind":"Name","value":"currency"}}]}}]}},{"kind":"Field","name":{"kind":"Name","value":"available"}}]}}]}}]}}]}}]}}]} as unknown as DocumentNode<ProductsQuery, ProductsQueryVariables>;
export const StockChangesDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"subscription","name":{"kind":"Name","value":"StockChanges"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stockChanged"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}},{"kind":"Field","name":{"kind":"Name","value":"variant"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"sku"}}]}},{"kind":"Field","name":{"kind":"Name","value":"location"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}}]}},{"kind":"Field","name":{"kind":"Name","value":"onHand"}},{"kind":"Field","name":{"kind":"Name","value":"reserved"}},{"kind":"Field","name":{"kind":"Name","value":"available"}}]}}]}}]} as unknown as DocumentNode<StockChangesSubscription, StockChangesSubscriptionVariables>;
export const StockFeedDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"query","name":{"kind":"Name","value":"StockFeed"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"after"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"String"}}}},{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"first"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"Int"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"events"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"after"},"value":{"kind":"Variable","name":{"kind":"Name","value":"after"}}},{"kind":"Argument","name":{"kind":"Name","value":"first"},"value":{"kind":"Variable","name":{"kind":"Name","value":"first"}}},{"kind":"Argument","name":{"kind":"Name","value":"types"},"value":{"kind":"ListValue","values":[{"kind":"EnumValue","value":"STOCK_CHANGED"}]}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"pageInfo"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"hasNextPage"}},{"kind":"Field","name":{"kind":"Name","value":"endCursor"}}]}},{"kind":"Field","name":{"kind":"Name","value":"edges"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"cursor"}}]}}]}}]}}]} as unknown as DocumentNode<StockFeedQuery, StockFeedQueryVariables>;
export const AdjustStockDocument = {"kind":"Document","definitions":[{"kind":"OperationDefinition","operation":"mutation","name":{"kind":"Name","value":"AdjustStock"},"variableDefinitions":[{"kind":"VariableDefinition","variable":{"kind":"Variable","name":{"kind":"Name","value":"input"}},"type":{"kind":"NonNullType","type":{"kind":"NamedType","name":{"kind":"Name","value":"StockAdjustInput"}}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"stockAdjust"},"arguments":[{"kind":"Argument","name":{"kind":"Name","value":"input"},"value":{"kind":"Variable","name":{"kind":"Name","value":"input"}}}],"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"level"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"onHand"}}]}},{"kind":"Field","name":{"kind":"Name","value":"userErrors"},"selectionSet":{"kind":"SelectionSet","selections":[{"kind":"Field","name":{"kind":"Name","value":"code"}},{"kind":"Field","name":{"kind":"Name","value":"message"}}]}}]}}]}}]} as unknown as DocumentNode<AdjustStockMutation, AdjustStockMutationVariables>;