using Platform.Api.Administration;
using Platform.Api.Analytics;
using Platform.Api.Backups;
using Platform.Api.Contacts;
using Platform.Api.Database;
using Platform.Api.Documents;
using Platform.Api.Documents.Extraction.Worker;
using Platform.Api.Health;
using Platform.Api.OpenApi;
using Platform.Api.Requests;
using Platform.Api.Security;
using Platform.Api.Visitors;

if (await HealthSwitch.TryRunAsync(args) || ExtractionWorker.TryRun(args) || await BackupCommand.TryRunAsync(args))
{
    return;
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddRequestLimits();
builder.AddDatabase();
builder.AddSecurity();
builder.AddContacts();
builder.AddVisitors();
builder.AddDocuments();
builder.AddAnalytics();
builder.AddBackups();
builder.AddWarmUp();
builder.AddApiDescription();

var app = builder.Build();
app.UseServiceDefaults();
app.UseApiKeys();
app.MapContacts();
app.MapVisitors();
app.MapDocuments();
app.MapAnalytics();
app.MapAdministration();
app.MapHealth();
app.MapApiDescription();
app.MapDefaultEndpoints();
await app.RunAsync();
