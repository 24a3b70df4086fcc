package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// technologyAdvice adds what to set, by name, where a control is wanted on a
// technology that the design names.
var technologyAdvice = []struct {
	control stride.ControlName
	tag     stride.Tag
	fix     stride.ProposedMitigation
}{
	{stride.EncryptionInTransit, "postgresql", fix("PostgreSQL: allow only hostssl lines in pg_hba.conf and connect with sslmode=verify-full.", "ASVS 12.3.2")},
	{stride.EncryptionInTransit, "mysql", fix("MySQL: set require_secure_transport=ON and connect with VERIFY_IDENTITY.", "ASVS 12.3.2")},
	{stride.EncryptionInTransit, "cache", fix("Cache: use the TLS port and close the plain one.", "ASVS 12.3.1")},
	{stride.EncryptionInTransit, "event_stream", fix("Event stream: use SASL_SSL listeners only.", "ASVS 12.3.1")},
	{stride.EncryptionInTransit, "object_storage", fix("Object storage: deny requests without TLS by policy (aws:SecureTransport, secure transfer required).", "ASVS 12.2.1")},
	{stride.EncryptionAtRest, "relational", fix("Relational database: encrypt the most sensitive columns in the application as well.", "ASVS 14.2.4")},
	{stride.EncryptionAtRest, "object_storage", fix("Object storage: encrypt with a key of your own (SSE-KMS, customer-managed key) and deny reads to those who may not use it.", "ASVS 11.3.3")},
	{stride.Authorization, "graphql", fix("GraphQL: authorize in each resolver and limit depth and cost of a query.", "ASVS 4.3.1", "ASVS 4.3.2")},
	{stride.AuditLogging, "object_storage", fix("Object storage: turn on data-event logging (CloudTrail data events, storage resource logs).", "ASVS 16.3.2")},
	{stride.AuditLogging, "postgresql", fix("PostgreSQL: load pgaudit and log write and role statements.", "ASVS 16.3.2")},
	{stride.AuditLogging, "kubernetes", fix("Kubernetes: set an audit policy and ship it off the cluster.", "ASVS 16.4.3")},
	{stride.NetworkIsolation, "postgresql", fix("PostgreSQL: no public address; listen on the private interface and limit pg_hba.conf to the application's subnet.", "ASVS 13.2.1")},
	{stride.NetworkIsolation, "object_storage", fix("Object storage: use a private endpoint and deny other networks by policy.", "ASVS 13.2.1")},
	{stride.LeastPrivilege, "kubernetes", fix("Kubernetes: no wildcard verbs, no automounted service-account tokens where none is needed.", "CWE-269")},
	{stride.MutualAuthentication, "grpc_service", fix("gRPC: use mTLS channel credentials on both ends.", "ASVS 12.3.5")},
}
