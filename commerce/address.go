package commerce

import "math"

// Address is where a parcel goes or where a location stands. Recipient, Phone and the lines are contact data.
type Address struct {
	Recipient string `json:"recipient,omitempty"`
	Phone     string `json:"phone,omitempty"`
	Country   string `json:"country,omitempty"`
	Province  string `json:"province,omitempty"`
	City      string `json:"city,omitempty"`
	District  string `json:"district,omitempty"`
	Line1     string `json:"line1,omitempty"`
	Line2     string `json:"line2,omitempty"`
	Postcode  string `json:"postcode,omitempty"`
}

// Point is a place on the globe in degrees, WGS 84.
type Point struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// OnGlobe tells whether there is such a place; what is no number is nowhere.
func (p Point) OnGlobe() bool {
	return p.Latitude >= -90 && p.Latitude <= 90 && p.Longitude >= -180 && p.Longitude <= 180
}

// EarthKm is the mean radius of the earth in kilometres (IUGG).
const EarthKm = 6371.0088

// DistanceKm is how far another point is along the globe, by the haversine.
func (p Point) DistanceKm(q Point) float64 {
	const rad = math.Pi / 180
	sin := func(degrees float64) float64 { return math.Sin(degrees * rad / 2) }
	h := sin(q.Latitude-p.Latitude)*sin(q.Latitude-p.Latitude) +
		math.Cos(p.Latitude*rad)*math.Cos(q.Latitude*rad)*sin(q.Longitude-p.Longitude)*sin(q.Longitude-p.Longitude)
	return 2 * EarthKm * math.Asin(math.Sqrt(min(1, h)))
}

// Reference is a name that another system gave.
type Reference struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

// Option is a name with the value chosen for it, as in Colour: Navy.
type Option struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// OptionSet is an option of a product with all its values.
type OptionSet struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Media is a picture of a product.
type Media struct {
	URL string `json:"url"`
	Alt string `json:"alt,omitempty"`
}
