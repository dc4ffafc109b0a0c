/// A page with the style sheet of all reports: one file with all it needs.
struct HTMLPage {
    /// Plain text.
    let title: String
    /// HTML.
    let body: String

    var text: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <title>\(title.htmlEscaped)</title>
        <style>\(ReportStyle.css)</style>
        </head>
        <body>
        \(body)</body>
        </html>

        """
    }
}
