# What ASP.NET Core's image lacks: pdftotext for PDFs, tesseract for the words in pictures.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
RUN apt-get update && apt-get install -y --no-install-recommends poppler-utils tesseract-ocr && rm -rf /var/lib/apt/lists/*
USER app
