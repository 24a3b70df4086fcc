package gazetteer

import "github.com/threatdraft/threatdraft/internal/stride"

const (
	ee = stride.ExternalEntity
	pr = stride.Process
	ds = stride.DataStore
)

// row is one line of the table: tags apart by spaces, aliases apart by bars, in
// lower case with single spaces in place of hyphens.
type row struct {
	tags    string
	kind    stride.ElementKind
	zone    stride.ZoneKind
	level   Level
	aliases string
}

var people = []row{
	{"end_user", ee, stride.ZoneInternet, Noun, "user|end user|customer|visitor|shopper|buyer|subscriber|patient|citizen|guest|applicant|remote user|anonymous user|account holder|cardholder|web user|mobile user|consumer user|player|traveller|traveler|tenant user|passenger"},
	{"end_user", ee, "", Noun, "employee|staff|staff member|analyst|clinician|doctor|nurse|physician|pharmacist|teacher|student|pupil|parents|merchant|seller|cashier|agent user|support agent|call center agent|customer support agent|data analyst|business user|internal user|manager user|reviewer|auditor|claims handler|librarian|dispatcher|driver app user|robot user|data owner|publisher user|warehouse worker|shop manager|customer service|customer support|customer support staff|customer care"},
	{"admin", ee, "", Noun, "administrator|admin|system administrator|sysadmin|database administrator|dba|cluster administrator|superuser|root user|tenant administrator|admin user|cluster admin|network administrator|security administrator|platform administrator|it administrator|power user|platform admin"},
	{"developer", ee, "", Noun, "developer|software engineer|data engineer|data scientist|ml engineer|machine learning engineer|maintainer|contributor|committer|programmer|cloud developer|robot developer|test engineer|qa engineer|tester|code author|model developer"},
	{"operator", ee, "", Noun, "operations team|sre|site reliability engineer|platform engineer|devops engineer|security engineer|on call engineer|technician|field technician|teleoperator|plant operator|cluster operator|system operator|human operator|support engineer|service technician|installer|ops team|support team|security team|platform team|security analyst|control room operator"},
	{"third_party", ee, stride.ZoneThirdParty, Noun, "third party|gnss satellite|gps satellite|navigation satellite|satellite constellation|third party service|third party api|third party system|external service|external system|external api|partner system|partner api|external provider|third party tool|third party provider|partner|business partner|social network|supplier system|data provider|external partner|bank|credit bureau|insurer|external vendor|saas provider|legacy partner system|third party application|third party source"},
	{"third_party", ee, stride.ZoneThirdParty, Product, "salesforce|zendesk|hubspot|servicenow|workday|shopify|google analytics|google maps|mapbox|openweathermap|dropbox|docusign|intercom|mixpanel|amplitude|facebook|twitter|linkedin|youtube|telegram|whatsapp|discord|jira|confluence|sharepoint|office 365|microsoft 365|google workspace|quickbooks|xero|sap|plaid|experian"},
	{"third_party", ee, stride.ZoneThirdParty, Name, "slack|segment|notion|box|zoom|teams|pagerduty|airtable|zapier"},
}

var clients = []row{
	{"browser", ee, stride.ZoneInternet, Noun, "browser|web browser|user agent|www user agent|user browser|user's browser|browser client|web client|chrome|firefox|safari"},
	{"browser web_app", pr, stride.ZoneInternet, Noun, "single page application|single page app|spa|client side app|client side web application|client side application|frontend|front end|web frontend|web front end|react app|angular app|vue app|react frontend|web ui|user interface|javascript client|browser extension"},
	{"mobile_app", pr, stride.ZoneInternet, Noun, "mobile app|mobile application|mobile client|android app|ios app|iphone app|smartphone app|phone app|mobile banking app|companion app|react native app|flutter app|ios and android app|tablet app|driver app|rider app|android application|ios application"},
	{"desktop_app", pr, "", Noun, "desktop app|desktop application|desktop client|thick client|electron app|windows application|desktop gui|rich client|workstation software|ide|vs code|visual studio code|point of sale terminal|pos terminal|kiosk"},
	{"command_line", pr, "", Noun, "cli|command line interface|command line tool|command line client|cli tool|command line|ssh client|terraform cli|shell"},
	{"command_line", pr, "", Product, "curl|kustomize|kubectl|karmadactl|helm|psql|awscli|kubeadm|etcdctl|kubectl plugin"},
	{"script", pr, "", Noun, "script|python script|bash script|shell script|cron script|powershell script|automation script|batch script"},
	{"client", pr, "", Noun, "client application|client app|client library|client sdk|api client|sdk|api consumer|client program|external client|client device|client"},
}
